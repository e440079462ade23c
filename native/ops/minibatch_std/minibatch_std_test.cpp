#include "minibatch_std.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>

#include "../testing/testing.h"

namespace atelier::minibatch_std {
namespace {

// By the definition, a group and a channel at a time.
at::Tensor by_definition(const at::Tensor& x, int64_t group, int64_t channels) {
    const int64_t n = x.size(0), groups = n / group, features = x.size(1) / channels;
    std::vector<at::Tensor> samples;
    for (int64_t i = 0; i < n; i++) {
        std::vector<at::Tensor> planes{x[i]};
        for (int64_t f = 0; f < channels; f++) {
            std::vector<at::Tensor> members;
            for (int64_t m = i % groups; m < n; m += groups) members.push_back(x[m].slice(0, f * features, (f + 1) * features));
            const at::Tensor together = at::stack(members);
            const at::Tensor variance = (together - together.mean(0)).square().mean(0);
            planes.push_back((variance + 1e-8).sqrt().mean().expand({1, x.size(2), x.size(3)}));
        }
        samples.push_back(at::cat(planes));
    }
    return at::stack(samples);
}

TEST(MinibatchStd_GroupsAndChannels_MatchTheDefinition) {
    const struct {
        int64_t n, group, effective, channels;
    } cases[] = {{8, 4, 4, 1}, {6, 3, 3, 2}, {4, 0, 4, 1}, {2, 8, 2, 4}};
    for (const auto& c : cases)
        testing::expect_same_derivatives("batch " + std::to_string(c.n), {{c.n, 4, 3, 5}}, [&](const auto& in) { return apply(in[0], c.group, c.channels); },
                                         [&](const auto& in) { return by_definition(in[0], c.effective, c.channels); });
}

}  // namespace
}  // namespace atelier::minibatch_std
