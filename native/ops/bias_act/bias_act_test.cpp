#include "bias_act.h"

#include <ATen/ops/zeros.h>

#include <cmath>

#include "../testing/testing.h"

namespace atelier::bias_act {
namespace {

using testing::expect_same_derivatives;

const Arguments cases[] = {
    {1, Activation::linear, 0, 1, -1},         {1, Activation::linear, 0, 1.5, .4},    {1, Activation::relu, 0, std::sqrt(2), -1},
    {1, Activation::leaky_relu, .2, 1.41, -1}, {1, Activation::leaky_relu, .3, 1.5, .4}, {1, Activation::leaky_relu, .2, -1, -1},
    {1, Activation::tanh, 0, 1, -1},           {1, Activation::sigmoid, 0, 1, .4},     {1, Activation::elu, 0, 1, -1},
    {1, Activation::selu, 0, 1.5, -1},         {1, Activation::softplus, 0, 1, -1},    {1, Activation::swish, 0, std::sqrt(2), .4},
};

void compare(const std::string& what, const std::vector<std::vector<int64_t>>& shapes, const Arguments& a) {
    const auto bias = [](const std::vector<at::Tensor>& in) { return in.size() > 1 ? in[1] : at::Tensor(); };
    expect_same_derivatives(what, shapes, [&](const auto& in) { return apply(in[0], bias(in), a); }, [&](const auto& in) { return reference(in[0], bias(in), a); });
}

TEST(BiasAct_EveryActivation_MatchesReference) {
    for (const Arguments& a : cases) compare("activation " + std::to_string(static_cast<int>(a.activation)), {{3, 5, 7, 3}, {5}}, a);
}

TEST(BiasAct_FullyConnectedShapes_MatchReference) {
    for (const int64_t channels : {1, 8, 37}) compare("[6, " + std::to_string(channels) + "]", {{6, channels}, {channels}}, cases[3]);
}

TEST(BiasAct_OtherDimensions_MatchReference) {
    for (const int64_t dim : {0, 2, 3}) {
        Arguments a = cases[4];
        a.dim = dim;
        const std::vector<int64_t> shape{4, 3, 9, 5};
        compare("dim " + std::to_string(dim), {shape, {shape[dim]}}, a);
    }
}

TEST(BiasAct_NoBias_MatchesReference) { compare("no bias", {{2, 3, 4, 5}}, cases[3]); }

TEST(BiasAct_WrongBias_NamesBothShapes) {
    try {
        apply(at::zeros({2, 3}), at::zeros({4}), {});
    } catch (const c10::Error& e) {
        const std::string message = e.what();
        testing::expect(message.find("[4]") != std::string::npos && message.find("[2, 3]") != std::string::npos, message);
        return;
    }
    testing::expect(false, "no exception");
}

}  // namespace
}  // namespace atelier::bias_act
