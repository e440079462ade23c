#include "philox_fill.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/empty.h>

#include <cmath>

#include "../testing/testing.h"

namespace atelier::philox_fill {
namespace {

using testing::expect;

at::Tensor draw(int64_t n, Distribution distribution, uint64_t first = 0, at::ScalarType type = at::kDouble, uint64_t key = 42, uint64_t high = 7) {
    at::Tensor t = at::empty({n}, type);
    fill(t, distribution, key, high, first);
    return t;
}

// Random123's known answer for key 0, counter 0: 6627e8d5 e169c58d bc57ac4c 9b00dbd8.
TEST(Uniform_KnownAnswer_Matches) {
    const at::Tensor u = draw(2, Distribution::uniform, 0, at::kDouble, 0, 0);
    expect(u[0].item<double>() == static_cast<double>(0xe169c58d6627e8d5ull >> 11) * 0x1p-53, "even element");
    expect(u[1].item<double>() == static_cast<double>(0x9b00dbd8bc57ac4cull >> 11) * 0x1p-53, "odd element");
}

TEST(Normal_FromUniforms_IsBoxMuller) {
    const at::Tensor u = draw(2, Distribution::uniform), z = draw(2, Distribution::normal);
    const double radius = std::sqrt(-2 * std::log(1 - u[0].item<double>())), angle = 2 * std::acos(-1.0) * u[1].item<double>();
    expect(z[0].item<double>() == radius * std::cos(angle) && z[1].item<double>() == radius * std::sin(angle), "the pair");
}

TEST(Fill_AnySlice_IsThatSliceOfTheWhole) {
    for (const auto distribution : {Distribution::uniform, Distribution::normal}) {
        const at::Tensor whole = draw(5001, distribution);
        for (const int64_t first : {0, 1, 2, 1023, 4999})
            for (const int64_t n : {0, 1, 2})
                expect(draw(n, distribution, static_cast<uint64_t>(first)).equal(whole.slice(0, first, first + n)), "slice at " + std::to_string(first));
        expect(draw(3000, distribution, 1001).equal(whole.slice(0, 1001, 4001)), "a long slice");
        expect(draw(5001, distribution, 0, at::kFloat).equal(whole.to(at::kFloat)), "float32 is the double rounded");
    }
}

TEST(Normal_ManyDraws_HaveUnitVariance) {
    const at::Tensor z = draw(200000, Distribution::normal);
    expect(std::abs(z.mean().item<double>()) < .01 && std::abs(z.square().mean().item<double>() - 1) < .02, "moments");
}

}  // namespace
}  // namespace atelier::philox_fill
