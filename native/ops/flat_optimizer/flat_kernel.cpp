// Adam moves seven numbers a parameter (reads p, g, m, v; writes p, m, v) for some fifteen operations: bound by memory.
#include "flat_kernel.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../isa/simd.h"

namespace atelier::ATELIER_ISA {
namespace {

using flat_optimizer::AdamConstants;
using flat_optimizer::NonFinite;
using simd::broadcast;
using simd::for_each_vector;
using simd::Vec;

template <typename T>
Vec<T> square_root(Vec<T> v) {
    for (int64_t i = 0; i < simd::lanes<T>; i++) v[i] = std::sqrt(v[i]);
    return v;
}

template <typename T>
NonFinite adam(const AdamConstants<T>& c, T* p, const T* gradient, T* m, T* v, int64_t begin, int64_t end) {
    const Vec<T> infinite = broadcast(T(1e5));  // what the published training loop puts for an infinity
    const Vec<T> largest = broadcast(std::numeric_limits<T>::infinity()), one = broadcast(T(1)), zero{};
    NonFinite count;
    // Counted in whole numbers that the type holds exactly, and carried over long before it no longer does.
    constexpr int64_t stretch = 1 << 16;
    for (int64_t first = begin; first < end; first += stretch) {
        Vec<T> nans{}, infinities{};
        for_each_vector<T>(std::min(stretch, end - first), [&](int64_t offset, auto access) {
            const int64_t i = first + offset;
            const Vec<T> raw = access.load(gradient + i) * broadcast(c.gradient_scale);
            const auto is_nan = raw != raw, is_high = raw == largest, is_low = raw == -largest;
            nans += is_nan ? one : zero;
            infinities += (is_high | is_low) ? one : zero;
            Vec<T> g = is_nan ? zero : raw;
            g = is_high ? infinite : g;
            g = is_low ? -infinite : g;
            const Vec<T> mean = access.load(m + i) * broadcast(c.beta1) + g * broadcast(c.one_minus_beta1);
            const Vec<T> square = access.load(v + i) * broadcast(c.beta2) + broadcast(c.one_minus_beta2) * g * g;
            access.store(m + i, mean);
            access.store(v + i, square);
            const Vec<T> denominator = square_root<T>(square) / broadcast(c.root_correction2) + broadcast(c.epsilon);
            access.store(p + i, access.load(p + i) - broadcast(c.step_size) * mean / denominator);
        });
        count.nans += static_cast<int64_t>(simd::sum<T>(nans));
        count.infinities += static_cast<int64_t>(simd::sum<T>(infinities));
    }
    return count;
}

// As torch.lerp computes it, from whichever end is nearer.
template <typename T>
void average(T* __restrict ema, const T* __restrict p, T beta, int64_t begin, int64_t end) {
    const T rest = T(1) - beta;
    if (beta < T(0.5)) {
        for (int64_t i = begin; i < end; i++) ema[i] = p[i] + beta * (ema[i] - p[i]);
    } else {
        for (int64_t i = begin; i < end; i++) ema[i] = ema[i] - (ema[i] - p[i]) * rest;
    }
}

}  // namespace

template <typename T>
const flat_optimizer::Kernels<T>& flat_kernels() {
    static const flat_optimizer::Kernels<T> table{&adam<T>, &average<T>};
    return table;
}

template const flat_optimizer::Kernels<float>& flat_kernels<float>();
template const flat_optimizer::Kernels<double>& flat_kernels<double>();

}  // namespace atelier::ATELIER_ISA
