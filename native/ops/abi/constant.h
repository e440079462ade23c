// Plain C++ values kept in an autograd context: what an op was configured with, beside the tensors it saved.
#pragma once

#include <ATen/core/ivalue.h>
#include <torch/csrc/autograd/custom_function.h>

#include <utility>

namespace atelier::abi {

template <typename T>
struct Constant : torch::CustomClassHolder {
    T value;
    explicit Constant(T v) : value(std::move(v)) {}
};

template <typename T>
void keep(torch::autograd::AutogradContext* ctx, const char* name, T value) {
    ctx->saved_data[name] = at::IValue::make_capsule(c10::make_intrusive<Constant<T>>(std::move(value)));
}

template <typename T>
const T& kept(torch::autograd::AutogradContext* ctx, const char* name) {
    return static_cast<Constant<T>*>(ctx->saved_data.at(name).toCapsule().get())->value;
}

}  // namespace atelier::abi
