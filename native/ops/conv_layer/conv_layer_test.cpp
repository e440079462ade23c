#include "conv_layer.h"

#include "../testing/filters.h"
#include "../testing/testing.h"

namespace atelier::conv_layer {
namespace {

TEST(ConvLayer_UpDownKernelsAndBias_MatchReference) {
    const at::Tensor filter = testing::binomial();
    const bias_act::Arguments leaky{1, bias_act::Activation::leaky_relu, .2, 1.41, 2}, linear{1, bias_act::Activation::linear, 0, .7, -1},
        tanh{1, bias_act::Activation::tanh, 0, 1, -1};
    for (const int64_t kernel : {1, 3})
        for (const auto& [up, down] : {std::pair<int64_t, int64_t>{1, 1}, {2, 1}, {1, 2}})
            for (const bias_act::Arguments& activation : {leaky, linear, tanh})
                for (const bool with_bias : {true, false}) {
                    std::vector<std::vector<int64_t>> shapes{{2, 4, 6, 10}, {5, 4, kernel, kernel}};
                    if (with_bias) shapes.push_back({5});
                    const auto bias = [](const std::vector<at::Tensor>& in) { return in.size() > 2 ? in[2] : at::Tensor(); };
                    const std::string what = "kernel " + std::to_string(kernel) + " up " + std::to_string(up) + " down " + std::to_string(down);
                    testing::expect_same_derivatives(
                        what, shapes, [&, up = up, down = down](const auto& in) { return apply(in[0], in[1], .3, bias(in), filter, up, down, activation); },
                        [&, up = up, down = down](const auto& in) { return reference(in[0], in[1], .3, bias(in), filter, up, down, activation); });
                }
}

TEST(ConvLayer_SizesOfWinogradsAlgorithm_MatchReference) {
    const bias_act::Arguments leaky{1, bias_act::Activation::leaky_relu, .2, 1.41, 2};
    testing::expect_same_derivatives("Winograd", {{3, 16, 16, 16}, {8, 16, 3, 3}, {8}}, [&](const auto& in) { return apply(in[0], in[1], .3, in[2], {}, 1, 1, leaky); },
                                     [&](const auto& in) { return reference(in[0], in[1], .3, in[2], {}, 1, 1, leaky); });
}

}  // namespace
}  // namespace atelier::conv_layer
