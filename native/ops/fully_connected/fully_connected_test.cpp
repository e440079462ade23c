#include "fully_connected.h"

#include "../testing/testing.h"

namespace atelier::fully_connected {
namespace {

TEST(FullyConnected_GainsAndActivations_MatchReference) {
    for (const auto activation : {bias_act::Activation::linear, bias_act::Activation::leaky_relu})
        for (const int64_t inputs : {1, 7, 16}) {
            const bias_act::Arguments a{1, activation, .2, activation == bias_act::Activation::linear ? 1 : 1.41, -1};
            testing::expect_same_derivatives("inputs " + std::to_string(inputs), {{6, inputs}, {9, inputs}, {9}},
                                             [&](const auto& in) { return apply(in[0], in[1], .25, in[2], .01, a); },
                                             [&](const auto& in) { return reference(in[0], in[1], .25, in[2], .01, a); });
        }
}

}  // namespace
}  // namespace atelier::fully_connected
