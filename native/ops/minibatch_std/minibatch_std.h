// Minibatch standard deviation (Karras et al. 2018, §3): the deviation over groups of samples, averaged over features and
// pixels, as extra channels. Sample n belongs to group n mod (N/group). x [N, C, H, W] → [N, C + channels, H, W].
// It runs at 4×4: plain operations throughout.
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::minibatch_std {

// group: samples per group at most, 0 for the whole batch; channels divides C.
at::Tensor apply(const at::Tensor& x, int64_t group, int64_t channels);

}  // namespace atelier::minibatch_std
