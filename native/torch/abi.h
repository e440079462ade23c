// What every translation unit of the C ABI shares: the types that cross the boundary, the guard that turns an
// exception into a status, and the macros for the regular shapes of operator.
//
// Conventions. Every export returns 0 on success; otherwise the reason is in atorch_last_error() of the same thread
// and no output was written. `at::Tensor*` out-parameters hand ownership to the caller (atorch_free). Tensors that may
// be absent are null pointers. dtype and device arguments of -1 mean "not given".
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#define ATORCH extern "C" __attribute__((visibility("default")))

// A truth value. A whole register crosses the boundary, so that no compiler's idea of a bool's upper bits matters; and it
// is no integer in overload resolution, where libtorch's `var(int dim)` would win over `var(bool unbiased)`.
struct Flag {
    int32_t value;

    Flag(bool on) : value(on) {}
    operator bool() const { return value != 0; }
};

// A number of the caller's: blittable, so that scalars cost no allocation on either side.
struct Number {
    enum Kind : int32_t { none = 0, boolean = 1, integer_kind = 2, real_kind = 3 };

    int64_t integer;
    double real;
    int32_t kind;

    at::Scalar scalar() const {
        switch (kind) {
            case boolean: return at::Scalar(integer != 0);
            case integer_kind: return at::Scalar(integer);
            default: return at::Scalar(real);
        }
    }

    c10::optional<at::Scalar> optional() const {
        return kind == none ? c10::optional<at::Scalar>() : c10::optional<at::Scalar>(scalar());
    }
};

// A list of tensors that one call returns; the caller takes each element with atorch_list_take.
using TensorList = std::vector<at::Tensor>;

namespace atorch {

// Records "op(float32[2, 3], ...): reason" for the calling thread and returns the failing status.
int fail(const char* op, const at::Tensor* const* operands, size_t count, const char* reason) noexcept;

template <typename Body>
int guarded(const char* op, const at::Tensor* const* operands, size_t count, Body&& body) noexcept {
    try {
        body();
        return 0;
    } catch (const c10::Error& error) {
        return fail(op, operands, count, error.what_without_backtrace());
    } catch (const std::exception& error) {
        return fail(op, operands, count, error.what());
    } catch (...) {
        return fail(op, operands, count, "an exception that is no std::exception");
    }
}

template <typename Body>
int guarded(const char* op, std::initializer_list<const at::Tensor*> operands, Body&& body) noexcept {
    return guarded(op, operands.begin(), operands.size(), static_cast<Body&&>(body));
}

// Moves a result to the heap, where the caller owns it; an undefined tensor becomes null.
inline at::Tensor* give(at::Tensor value) {
    return value.defined() ? new at::Tensor(std::move(value)) : nullptr;
}

inline at::Tensor optional(const at::Tensor* tensor) {
    return tensor ? *tensor : at::Tensor();
}

inline c10::optional<at::Tensor> maybe(const at::Tensor* tensor) {
    return tensor ? c10::optional<at::Tensor>(*tensor) : c10::optional<at::Tensor>();
}

inline c10::optional<at::ScalarType> dtype_or_none(int32_t dtype) {
    return dtype < 0 ? c10::optional<at::ScalarType>() : c10::optional<at::ScalarType>(static_cast<at::ScalarType>(dtype));
}

inline at::Device device_of(int32_t type, int32_t index) {
    return at::Device(static_cast<at::DeviceType>(type), static_cast<at::DeviceIndex>(index));
}

// Options of a factory: the default dtype and the CPU unless given.
inline at::TensorOptions options_of(int32_t dtype, int32_t device_type, int32_t device_index) {
    at::TensorOptions options;
    if (dtype >= 0) options = options.dtype(static_cast<at::ScalarType>(dtype));
    if (device_type >= 0) options = options.device(device_of(device_type, device_index));
    return options;
}

inline at::IntArrayRef ints(const int64_t* values, int32_t count) {
    return at::IntArrayRef(values, static_cast<size_t>(count));
}

// Copies handles (a reference count each) into the vector that libtorch's list arguments want.
inline TensorList list_of(const at::Tensor* const* tensors, int32_t count) {
    TensorList list;
    list.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; ++i) list.push_back(optional(tensors[i]));
    return list;
}

}  // namespace atorch

// The regular shapes. `EXPRESSION` sees `self` (and `other`, ...) as tensor pointers.
#define ATORCH_UNARY_AS(NAME, EXPRESSION)                                              \
    ATORCH int atorch_##NAME(const at::Tensor* self, at::Tensor** result) {            \
        return atorch::guarded(#NAME, {self}, [&] { *result = atorch::give(EXPRESSION); }); \
    }
#define ATORCH_UNARY(NAME) ATORCH_UNARY_AS(NAME, self->NAME())
#define ATORCH_UNARY_INPLACE(NAME)                                                     \
    ATORCH int atorch_##NAME(at::Tensor* self) {                                       \
        return atorch::guarded(#NAME, {self}, [&] { self->NAME(); });                  \
    }
#define ATORCH_BINARY_AS(NAME, EXPRESSION)                                                        \
    ATORCH int atorch_##NAME(const at::Tensor* self, const at::Tensor* other, at::Tensor** result) { \
        return atorch::guarded(#NAME, {self, other}, [&] { *result = atorch::give(EXPRESSION); }); \
    }
#define ATORCH_BINARY(NAME) ATORCH_BINARY_AS(NAME, self->NAME(*other))
#define ATORCH_BINARY_INPLACE(NAME)                                                    \
    ATORCH int atorch_##NAME(at::Tensor* self, const at::Tensor* other) {              \
        return atorch::guarded(#NAME, {self, other}, [&] { self->NAME(*other); });     \
    }
// With a number on the right; exported as NAME_scalar, reported as NAME.
#define ATORCH_SCALAR(NAME)                                                                       \
    ATORCH int atorch_##NAME##_scalar(const at::Tensor* self, Number other, at::Tensor** result) { \
        return atorch::guarded(#NAME, {self}, [&] { *result = atorch::give(self->NAME(other.scalar())); }); \
    }
#define ATORCH_SCALAR_INPLACE(NAME)                                                    \
    ATORCH int atorch_##NAME##_scalar(at::Tensor* self, Number other) {                \
        return atorch::guarded(#NAME, {self}, [&] { self->NAME(other.scalar()); });    \
    }
