#include "modulated_conv2d.h"

#include <ATen/ops/randn.h>

#include "../testing/filters.h"
#include "../testing/testing.h"

namespace atelier::modulated_conv2d {
namespace {

using testing::expect_same_derivatives;

const Arguments cases[] = {{1, 1, true, true}, {2, 1, false, true}, {1, 0, true, false}, {1, 1, true, false}, {2, 1, false, false}};

TEST(ModulatedConv2d_ManyGeometries_MatchReference) {
    const at::Tensor filter = testing::binomial();
    for (const Arguments& a : cases) {
        const int64_t kernel = a.padding == 0 ? 1 : 3;
        const std::vector<std::vector<int64_t>> shapes{{3, 4, 6, 5}, {5, 4, kernel, kernel}, {3, 4}, {3, 1, 6 * a.up, 5 * a.up}};
        expect_same_derivatives("up " + std::to_string(a.up), shapes, [&](const auto& in) { return apply(in[0], in[1], in[2], in[3], filter, a); },
                                [&](const auto& in) { return reference(in[0], in[1], in[2], in[3], filter, a); });
    }
}

// noise is data in the networks: not an input whose gradient is asked for.
struct Size {
    int64_t n = 3, inputs = 4, outputs = 5, height = 6, width = 5;
};
void compare_layer(const std::string& what, const Arguments& a, const bias_act::Arguments& activation, int64_t noise_samples, bool differentiable_noise,
                   const Size& s = {}) {
    const at::Tensor filter = testing::binomial();
    at::manual_seed(5);
    const at::Tensor data = at::randn({std::max<int64_t>(noise_samples, 1), 1, s.height * a.up, s.width * a.up}, at::kDouble);
    const auto noise = [&](const std::vector<at::Tensor>& in) {
        return noise_samples == 0 ? at::Tensor() : differentiable_noise ? in[5] : data.to(in[0].dtype());
    };
    const auto strength = [&](const std::vector<at::Tensor>& in) { return noise_samples == 0 ? at::Tensor() : in[4]; };
    std::vector<std::vector<int64_t>> shapes{{s.n, s.inputs, s.height, s.width}, {s.outputs, s.inputs, 3, 3}, {s.n, s.inputs}, {s.outputs}};
    if (noise_samples > 0) shapes.push_back({});
    if (differentiable_noise) shapes.push_back(data.sizes().vec());
    expect_same_derivatives(what, shapes, [&](const auto& in) { return synthesis_layer(in[0], in[1], in[2], noise(in), strength(in), in[3], filter, a, activation); },
                            [&](const auto& in) { return synthesis_layer_reference(in[0], in[1], in[2], noise(in), strength(in), in[3], filter, a, activation); });
}

TEST(SynthesisLayer_NoiseUpClampAndActivation_MatchReference) {
    const bias_act::Arguments leaky{1, bias_act::Activation::leaky_relu, .2, 1.41, -1}, clamped{1, bias_act::Activation::leaky_relu, .2, 1.41, .9},
        relu{1, bias_act::Activation::relu, 0, 1.41, -1}, swish{1, bias_act::Activation::swish, 0, 1.41, -1}, linear{1, bias_act::Activation::linear, 0, 1, -1};
    for (const Arguments& a : {cases[0], cases[1]}) {
        for (const int64_t noise : {0, 1, 3}) compare_layer("leaky up " + std::to_string(a.up), a, leaky, noise, false);
        compare_layer("clamped", a, clamped, 3, false);
        compare_layer("relu", a, relu, 1, false);
        compare_layer("swish", a, swish, 1, false);
        compare_layer("linear", a, linear, 1, false);
        compare_layer("gradient for the noise", a, leaky, 1, true);
    }
}

TEST(SynthesisLayer_SizesOfWinogradsAlgorithm_MatchReference) {
    const bias_act::Arguments leaky{1, bias_act::Activation::leaky_relu, .2, 1.41, -1};
    for (const Size& s : {Size{12, 8, 16, 8, 8}, Size{3, 16, 8, 16, 24}})
        for (const int64_t noise : {int64_t{0}, int64_t{1}, s.n}) compare_layer("Winograd", cases[0], leaky, noise, false, s);
}

}  // namespace
}  // namespace atelier::modulated_conv2d
