// TorchScript modules: load, call, move. Arguments and results cross as arrays of tagged values.
#include "abi.h"

#include <torch/csrc/jit/api/module.h>
#include <torch/csrc/jit/serialization/import.h>

#include <sstream>

using namespace atorch;

namespace {

// One argument; tensors are borrowed. The kinds also tag the elements of results, which hold no lists.
struct Value {
    enum Kind : int32_t { none = 0, tensor = 1, number = 2, tensors = 3 };

    int32_t kind;
    at::Tensor* single;
    at::Tensor** many;
    int32_t count;
    Number scalar;
};

c10::IValue to_ivalue(const Value& value) {
    switch (value.kind) {
        case Value::tensor: return *value.single;
        case Value::number:
            if (value.scalar.kind == Number::boolean) return value.scalar.integer != 0;
            if (value.scalar.kind == Number::integer_kind) return value.scalar.integer;
            return value.scalar.real;
        case Value::tensors: return list_of(value.many, value.count);
        default: return c10::IValue();
    }
}

}  // namespace

// A call's result: `shape` says whether it was one value, a tuple or a list.
struct Result {
    enum Shape : int32_t { one = 0, tuple = 1, list = 2 };

    int32_t shape;
    std::vector<c10::IValue> values;

    explicit Result(const c10::IValue& value) {
        if (value.isTuple()) {
            shape = tuple;
            for (const auto& element : value.toTupleRef().elements()) values.push_back(element);
        } else if (value.isList()) {
            shape = list;
            for (const c10::IValue& element : value.toListRef()) values.push_back(element);
        } else {
            shape = one;
            values.push_back(value);
        }
    }
};

using Module = torch::jit::Module;

ATORCH int atorch_jit_load(const char* path, int32_t device_type, int32_t device_index, Module** result) {
    return guarded("jit.load", {}, [&] {
        auto module = torch::jit::load(std::string(path), device_of(device_type, device_index));
        *result = new Module(std::move(module));
    });
}

ATORCH int atorch_jit_load_bytes(const char* bytes, int64_t count, int32_t device_type, int32_t device_index, Module** result) {
    return guarded("jit.load", {}, [&] {
        std::istringstream stream(std::string(bytes, static_cast<size_t>(count)));
        auto module = torch::jit::load(stream, device_of(device_type, device_index));
        *result = new Module(std::move(module));
    });
}

ATORCH int atorch_jit_free(Module* self) {
    return guarded("jit", {}, [&] { delete self; });
}

ATORCH int atorch_jit_invoke(Module* self, const char* method, const Value* arguments, int32_t count, Result** result) {
    std::vector<const at::Tensor*> operands;
    for (int32_t i = 0; i < count; ++i)
        if (arguments[i].kind == Value::tensor) operands.push_back(arguments[i].single);
    return guarded(method, operands.data(), operands.size(), [&] {
        std::vector<c10::IValue> stack;
        for (int32_t i = 0; i < count; ++i) stack.push_back(to_ivalue(arguments[i]));
        *result = new Result(self->get_method(method)(std::move(stack)));
    });
}

ATORCH int atorch_jit_result_count(const Result* self, int32_t* shape, int32_t* count) {
    return guarded("jit", {}, [&] {
        *shape = self->shape;
        *count = static_cast<int32_t>(self->values.size());
    });
}

// One element, which is a tensor (handed to the caller), a number, or None.
ATORCH int atorch_jit_result_take(Result* self, int32_t index, int32_t* kind, at::Tensor** tensor, Number* number) {
    return guarded("jit", {}, [&] {
        const c10::IValue& value = self->values.at(static_cast<size_t>(index));
        *kind = Value::number;
        if (value.isTensor()) {
            *tensor = give(value.toTensor());
            *kind = Value::tensor;
        } else if (value.isBool()) {
            *number = Number{value.toBool(), 0, Number::boolean};
        } else if (value.isInt()) {
            *number = Number{value.toInt(), 0, Number::integer_kind};
        } else if (value.isDouble()) {
            *number = Number{0, value.toDouble(), Number::real_kind};
        } else {
            TORCH_CHECK(value.isNone(), "a result of type ", value.tagKind(), " cannot be handed to .NET");
            *kind = Value::none;
        }
    });
}

ATORCH int atorch_jit_result_free(Result* self) {
    return guarded("jit", {}, [&] { delete self; });
}

ATORCH int atorch_jit_train(Module* self, Flag on) {
    return guarded("jit.train", {}, [&] { self->train(on); });
}

ATORCH int atorch_jit_training(const Module* self, Flag* result) {
    return guarded("jit.training", {}, [&] { *result = self->is_training(); });
}

ATORCH int atorch_jit_to(Module* self, int32_t dtype, int32_t device_type, int32_t device_index, Flag non_blocking) {
    return guarded("jit.to", {}, [&] {
        if (dtype < 0) {
            self->to(device_of(device_type, device_index), non_blocking);
        } else if (device_type < 0) {
            self->to(static_cast<at::ScalarType>(dtype), non_blocking);
        } else {
            self->to(device_of(device_type, device_index), static_cast<at::ScalarType>(dtype), non_blocking);
        }
    });
}
