#include "philox_fill.h"

#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <ATen/ops/empty.h>
#include <ATen/core/grad_mode.h>

#include <array>
#include <cmath>

namespace atelier::philox_fill {

namespace {

using Block = std::array<uint32_t, 4>;

Block philox(uint64_t key, uint64_t counter_high, uint64_t block) {
    constexpr uint64_t multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
    constexpr uint32_t weyl0 = 0x9E3779B9, weyl1 = 0xBB67AE85;
    Block c{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32), static_cast<uint32_t>(counter_high), static_cast<uint32_t>(counter_high >> 32)};
    uint32_t k0 = static_cast<uint32_t>(key), k1 = static_cast<uint32_t>(key >> 32);
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = multiplier0 * c[0], p1 = multiplier1 * c[2];
        c = {static_cast<uint32_t>(p1 >> 32) ^ c[1] ^ k0, static_cast<uint32_t>(p1), static_cast<uint32_t>(p0 >> 32) ^ c[3] ^ k1, static_cast<uint32_t>(p0)};
        k0 += weyl0;
        k1 += weyl1;
    }
    return c;
}

double unit(uint32_t low, uint32_t high) { return static_cast<double>(((static_cast<uint64_t>(high) << 32) | low) >> 11) * 0x1p-53; }

// The two elements of a block.
std::array<double, 2> pair(Distribution distribution, const Block& words) {
    constexpr double pi = 3.14159265358979323846;
    const double even = unit(words[0], words[1]), odd = unit(words[2], words[3]);
    if (distribution == Distribution::uniform) return {even, odd};
    const double radius = std::sqrt(-2 * std::log(1 - even)), angle = 2 * pi * odd;
    return {radius * std::cos(angle), radius * std::sin(angle)};
}

}  // namespace

void fill(at::Tensor& destination, Distribution distribution, uint64_t key, uint64_t counter_high, uint64_t first_element) {
    const at::NoGradGuard data_only;
    TORCH_CHECK(destination.is_contiguous(), "philox_fill: destination ", destination.sizes(), " must be contiguous");
    if (!destination.device().is_cpu()) {
        at::Tensor values = at::empty(destination.sizes(), destination.options().device(at::kCPU));
        fill(values, distribution, key, counter_high, first_element);
        destination.copy_(values);
        return;
    }
    const uint64_t end_element = first_element + static_cast<uint64_t>(destination.numel());
    if (end_element == first_element) return;
    AT_DISPATCH_FLOATING_TYPES(destination.scalar_type(), "philox_fill", [&] {
        scalar_t* out = destination.data_ptr<scalar_t>();
        const auto first_block = static_cast<int64_t>(first_element / 2), end_block = static_cast<int64_t>((end_element + 1) / 2);
        at::parallel_for(first_block, end_block, 1024, [&](int64_t begin, int64_t end) {
            for (int64_t block = begin; block < end; block++) {
                const auto values = pair(distribution, philox(key, counter_high, static_cast<uint64_t>(block)));
                for (uint64_t half = 0; half < 2; half++) {
                    const uint64_t element = 2 * static_cast<uint64_t>(block) + half;
                    if (element >= first_element && element < end_element) out[element - first_element] = static_cast<scalar_t>(values[half]);
                }
            }
        });
    });
}

}  // namespace atelier::philox_fill
