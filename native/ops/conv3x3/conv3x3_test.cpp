#include "conv3x3.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randn.h>

#include "../convolution/convolution.h"
#include "../testing/testing.h"

namespace atelier::conv3x3 {
namespace {

using testing::expect;
using testing::expect_close;

struct Case {
    int64_t n, inputs, outputs, height, width;
    bool taken(int64_t stride) const { return convolves({at::kFloat, at::kCPU, n, inputs, outputs, height, width}, stride); }
};
// Whole groups and partial ones; pairs that span rows and samples; one block, several, and several steps of blocks.
const Case cases[] = {{3, 32, 32, 16, 16}, {7, 40, 32, 16, 8}, {3, 32, 56, 20, 32}, {5, 64, 48, 16, 40}, {2, 136, 144, 32, 32}, {1, 32, 40, 64, 16}};
constexpr double tolerance = 2e-5;

bool available() { return cases[0].taken(1); }

convolution::Geometry geometry(int64_t stride) { return stride == 1 ? convolution::Geometry{1, 1, 1, 1} : convolution::Geometry{2, 0, 0, 1}; }
at::Tensor image(const Case& c, int64_t channels, int64_t stride) {
    return stride == 1 ? at::randn({c.n, channels, c.height, c.width}) : at::randn({c.n, channels, 2 * c.height + 1, 2 * c.width + 1});
}
at::Tensor output(const Case& c, int64_t channels) { return image(c, channels, 1); }
at::Tensor in_double(const at::Tensor& t) { return t.to(at::kDouble); }
at::Tensor scaled(const at::Tensor& x, const at::Tensor& s) { return in_double(x) * in_double(s).unsqueeze(2).unsqueeze(3); }

TEST(Forward_AgainstDirectInDouble_Matches) {
    if (!available()) return;
    at::manual_seed(1);
    for (const int64_t stride : {1, 2})
        for (const Case& c : cases) {
            expect(c.taken(stride), "the size is meant to be taken");
            const at::Tensor x = image(c, c.inputs, stride), styles = at::randn({c.n, c.inputs}), w = at::randn({c.outputs, c.inputs, 3, 3});
            expect_close(forward(x, styles, w, stride, nullptr), convolution::forward(scaled(x, styles), in_double(w), geometry(stride)), tolerance, "scaled");
            expect_close(forward(x, {}, w, stride, nullptr), convolution::forward(in_double(x), in_double(w), geometry(stride)), tolerance, "plain");
        }
}

TEST(InputGradient_AgainstDirectInDouble_Matches) {
    if (!available()) return;
    at::manual_seed(2);
    for (const int64_t stride : {1, 2})
        for (const Case& c : cases) {
            const at::Tensor g = output(c, c.outputs), factors = at::randn({c.n, c.outputs}), w = at::randn({c.outputs, c.inputs, 3, 3});
            const int64_t height = stride == 1 ? c.height : 2 * c.height + 1, width = stride == 1 ? c.width : 2 * c.width + 1;
            const at::Tensor expected = convolution::input_gradient(scaled(g, factors), in_double(w), geometry(stride), height, width);
            expect_close(input_gradient(g, factors, w, stride, nullptr), expected, tolerance, "scaled, stride " + std::to_string(stride));
        }
}

TEST(WeightGradient_AgainstDirectInDouble_Matches) {
    if (!available()) return;
    at::manual_seed(4);
    for (const Case& c : cases) {
        const at::Tensor x = image(c, c.inputs, 1), g = output(c, c.outputs), styles = at::randn({c.n, c.inputs}), factors = at::randn({c.n, c.outputs});
        const at::Tensor expected = convolution::weight_gradient({scaled(x, styles), {}}, {scaled(g, factors), {}}, geometry(1), 3, 3);
        expect_close(weight_gradient(x, styles, g, factors), expected, tolerance, "scaled");
    }
}

TEST(ForwardAndInputGradient_WithEpilogue_EqualEpilogueAfterwards) {
    if (!available()) return;
    at::manual_seed(3);
    for (const int64_t stride : {1, 2})
        for (const Case& c : cases) {
            const at::Tensor x = image(c, c.inputs, stride), g = output(c, c.outputs), w = at::randn({c.outputs, c.inputs, 3, 3});
            const rows::LayerEpilogue down{at::rand({c.n, c.outputs}) + .5, output(c, 1), at::randn({}), at::randn({c.outputs}), 1.4, .3, 9};
            expect_close(forward(x, {}, w, stride, &down), rows::forward(down, forward(x, {}, w, stride, nullptr)), 1e-6, "forward");
            const rows::LayerEpilogue up{at::rand({c.n, c.inputs}) + .5, image({1, 0, 0, c.height, c.width}, 1, stride), at::randn({}), at::randn({c.inputs}), 1.4, .3, 9};
            expect_close(input_gradient(g, {}, w, stride, &up), rows::forward(up, input_gradient(g, {}, w, stride, nullptr)), 1e-6, "input gradient");
        }
}

TEST(EveryMap_OneOrTwoThreads_SameBits) {
    if (!available()) return;
    const int before = at::get_num_threads();
    const Case c{3, 40, 24, 32, 40};
    for (const int64_t stride : {1, 2}) {
        at::manual_seed(5);
        const at::Tensor x = image(c, c.inputs, stride), g = output(c, c.outputs), w = at::randn({c.outputs, c.inputs, 3, 3});
        at::Tensor results[2][3];
        for (const int threads : {1, 2}) {
            at::set_num_threads(threads);
            results[threads - 1][0] = forward(x, {}, w, stride, nullptr);
            results[threads - 1][1] = input_gradient(g, {}, w, stride, nullptr);
            results[threads - 1][2] = stride == 1 ? weight_gradient(x, {}, g, {}) : w;
        }
        for (int map = 0; map < 3; map++) expect(results[0][map].equal(results[1][map]), "the bits depend on the threads");
    }
    at::set_num_threads(before);
}

TEST(Convolves_WhatItCannotTake_IsRefused) {
    const auto takes = [](at::ScalarType type, int64_t n, int64_t i, int64_t o, int64_t h, int64_t w) { return convolves({type, at::kCPU, n, i, o, h, w}, 1); };
    expect(!takes(at::kDouble, 4, 8, 8, 16, 16), "float64");
    expect(!takes(at::kFloat, 4, 3, 8, 16, 16) && !takes(at::kFloat, 4, 8, 3, 16, 16), "channels");
    expect(!takes(at::kFloat, 4, 8, 8, 18, 16) && !takes(at::kFloat, 4, 8, 8, 16, 20), "sizes");
    expect(!takes(at::kFloat, 1, 8, 8, 8, 8), "too few tiles");
}

}  // namespace
}  // namespace atelier::conv3x3
