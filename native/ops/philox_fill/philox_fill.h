// Random tensors as a function of (key, counter, element): Philox-4x32-10 (Salmon et al. 2011) with the 64-bit key and the
// 128-bit counter (counter_high, block). Element e of the stream comes from block e/2 alone, so that any slice of a draw can be
// computed anywhere. The words (0, 1) of a block make u64 = word1·2³² + word0 for its even element, (2, 3) for its odd one.
//
//   uniform   u = (u64 >> 11)·2⁻⁵³, in [0, 1)
//   normal    Box–Muller on the pair: r = √(−2 ln(1 − u_even)), even r·cos 2πu_odd, odd r·sin 2πu_odd
//
// Computed in double; a float32 destination receives the double rounded.
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::philox_fill {

enum class Distribution { uniform, normal };

// Writes elements [first_element, first_element + destination.numel()) of the stream. destination: contiguous, CPU or copied to its device.
void fill(at::Tensor& destination, Distribution distribution, uint64_t key, uint64_t counter_high, uint64_t first_element);

}  // namespace atelier::philox_fill
