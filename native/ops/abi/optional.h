// An autograd function takes a tensor that may be left out as an optional, an ordinary one as an undefined tensor.
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::abi {

using OptionalTensor = c10::optional<at::Tensor>;

inline OptionalTensor some(const at::Tensor& t) { return t.defined() ? OptionalTensor(t) : OptionalTensor(); }
inline at::Tensor value(const OptionalTensor& t) { return t ? *t : at::Tensor(); }

}  // namespace atelier::abi
