// The epilogue of one register of one row, for every kernel that ends in it.
#pragma once

#include "../isa/simd.h"
#include "rows_kernel.h"

namespace atelier::ATELIER_ISA {

using rows::Epilogue;

// Row constants of an epilogue, broadcast once per row.
template <typename T>
struct EpilogueRow {
    simd::Vec<T> scale, strength, bias, positive, negative, clamp;
    const T* noise;

    static EpilogueRow of(const Epilogue<T>& e, int64_t row) {
        return {simd::broadcast(e.scale ? e.scale[row] : T(1)),
                simd::broadcast(e.strength),
                simd::broadcast(e.bias ? e.bias[row % e.channels] : T(0)),
                simd::broadcast(e.positive),
                simd::broadcast(e.negative),
                simd::broadcast(e.clamp),
                e.noise ? e.noise + (row / e.channels) * e.noise_stride : nullptr};
    }

    // A NaN stays a NaN: every comparison with it is false.
    simd::Vec<T> activate(simd::Vec<T> z) const {
        simd::Vec<T> y = z * (z > 0 ? positive : negative);
        y = y > clamp ? clamp : y;
        return y < -clamp ? -clamp : y;
    }

    template <typename Access>
    simd::Vec<T> apply(simd::Vec<T> u, int64_t pixel, Access access) const {
        simd::Vec<T> z = scale * u + bias;
        if (noise) z += strength * access.load(noise + pixel);
        return activate(z);
    }

    // dy/dz: zero where the clamp holds.
    simd::Vec<T> slope(simd::Vec<T> y) const {
        simd::Vec<T> s = y > 0 ? positive : negative;
        return (y < clamp) & (y > -clamp) ? s : simd::Vec<T>{};
    }
};

}  // namespace atelier::ATELIER_ISA
