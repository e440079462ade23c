// Passes over flat buffers of parameters; no libtorch here.
#pragma once

#include <cstdint>

namespace atelier::flat_optimizer {

// Adam's constants for one step, rounded to the buffers' type where torch.optim.Adam rounds them.
template <typename T>
struct AdamConstants {
    T gradient_scale, beta1, one_minus_beta1, beta2, one_minus_beta2, root_correction2, epsilon, step_size;
};

struct NonFinite {
    int64_t nans = 0, infinities = 0;
};

template <typename T>
struct Kernels {
    NonFinite (*adam)(const AdamConstants<T>&, T* p, const T* g, T* m, T* v, int64_t begin, int64_t end);
    // ema ← lerp(p, ema, beta)
    void (*average)(T* ema, const T* p, T beta, int64_t begin, int64_t end);
};

}  // namespace atelier::flat_optimizer

namespace atelier::portable {
template <typename T>
const flat_optimizer::Kernels<T>& flat_kernels();
}
namespace atelier::avx2 {
template <typename T>
const flat_optimizer::Kernels<T>& flat_kernels();
}
