// A handle's life and what it is: sizes, dtype, device, storage, flags.
#include "abi.h"

using namespace atorch;

ATORCH int atorch_free(at::Tensor* self) {
    return guarded("free", {}, [&] { delete self; });
}

ATORCH int atorch_dim(const at::Tensor* self, int64_t* result) {
    return guarded("dim", {self}, [&] { *result = self->dim(); });
}

// Writes at most `capacity` sizes; `count` is how many there are.
ATORCH int atorch_sizes(const at::Tensor* self, int64_t* result, int32_t capacity, int32_t* count) {
    return guarded("shape", {self}, [&] {
        const auto sizes = self->sizes();
        *count = static_cast<int32_t>(sizes.size());
        for (int32_t i = 0; i < *count && i < capacity; ++i) result[i] = sizes[static_cast<size_t>(i)];
    });
}

ATORCH int atorch_strides(const at::Tensor* self, int64_t* result, int32_t capacity, int32_t* count) {
    return guarded("stride", {self}, [&] {
        const auto strides = self->strides();
        *count = static_cast<int32_t>(strides.size());
        for (int32_t i = 0; i < *count && i < capacity; ++i) result[i] = strides[static_cast<size_t>(i)];
    });
}

ATORCH int atorch_size(const at::Tensor* self, int64_t dim, int64_t* result) {
    return guarded("size", {self}, [&] { *result = self->size(dim); });
}

ATORCH int atorch_stride(const at::Tensor* self, int64_t dim, int64_t* result) {
    return guarded("stride", {self}, [&] { *result = self->stride(dim); });
}

ATORCH int atorch_numel(const at::Tensor* self, int64_t* result) {
    return guarded("numel", {self}, [&] { *result = self->numel(); });
}

ATORCH int atorch_element_size(const at::Tensor* self, int64_t* result) {
    return guarded("element_size", {self}, [&] { *result = static_cast<int64_t>(self->element_size()); });
}

ATORCH int atorch_storage_offset(const at::Tensor* self, int64_t* result) {
    return guarded("storage_offset", {self}, [&] { *result = self->storage_offset(); });
}

ATORCH int atorch_dtype(const at::Tensor* self, int32_t* result) {
    return guarded("dtype", {self}, [&] { *result = static_cast<int32_t>(self->scalar_type()); });
}

ATORCH int atorch_device(const at::Tensor* self, int32_t* type, int32_t* index) {
    return guarded("device", {self}, [&] {
        *type = static_cast<int32_t>(self->device().type());
        *index = self->device().index();
    });
}

ATORCH int atorch_data(const at::Tensor* self, void** result) {
    return guarded("data", {self}, [&] { *result = self->data_ptr(); });
}

ATORCH int atorch_is_contiguous(const at::Tensor* self, Flag* result) {
    return guarded("is_contiguous", {self}, [&] { *result = self->is_contiguous(); });
}

ATORCH int atorch_is_pinned(const at::Tensor* self, Flag* result) {
    return guarded("is_pinned", {self}, [&] { *result = self->is_pinned(); });
}

// The value of a one-element tensor, in the kind of its dtype.
ATORCH int atorch_item(const at::Tensor* self, Number* result) {
    return guarded("item", {self}, [&] {
        const at::Scalar value = self->item();
        Number number{0, 0, 0};
        if (value.isBoolean()) {
            number.kind = Number::boolean;
            number.integer = value.toBool();
        } else if (value.isIntegral(/*includeBool=*/false)) {
            number.kind = Number::integer_kind;
            number.integer = value.toLong();
        } else {
            number.kind = Number::real_kind;
            number.real = value.toDouble();
        }
        *result = number;
    });
}

// Another handle on the same tensor: same storage, same place in the autograd graph.
ATORCH_UNARY_AS(alias, self->alias())
ATORCH_UNARY(clone)
ATORCH_UNARY(contiguous)
ATORCH_UNARY(pin_memory)

ATORCH int atorch_copy_(at::Tensor* self, const at::Tensor* source, Flag non_blocking) {
    return guarded("copy_", {self, source}, [&] { self->copy_(*source, non_blocking); });
}

ATORCH int atorch_to(const at::Tensor* self, int32_t dtype, int32_t device_type, int32_t device_index,
                     Flag non_blocking, Flag copy, at::Tensor** result) {
    return guarded("to", {self}, [&] {
        const at::ScalarType target = dtype_or_none(dtype).value_or(self->scalar_type());
        const at::Device device = device_type < 0 ? self->device() : device_of(device_type, device_index);
        *result = give(self->to(device, target, non_blocking, copy));
    });
}

ATORCH int atorch_fill_(at::Tensor* self, Number value) {
    return guarded("fill_", {self}, [&] { self->fill_(value.scalar()); });
}

ATORCH_UNARY_INPLACE(zero_)

// Lists: taken element by element, then freed.
ATORCH int atorch_list_count(const TensorList* list, int32_t* result) {
    return guarded("list", {}, [&] { *result = static_cast<int32_t>(list->size()); });
}

ATORCH int atorch_list_take(TensorList* list, int32_t index, at::Tensor** result) {
    return guarded("list", {}, [&] { *result = give(std::move(list->at(static_cast<size_t>(index)))); });
}

ATORCH int atorch_list_free(TensorList* list) {
    return guarded("list", {}, [&] { delete list; });
}
