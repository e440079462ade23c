#include "moments.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/diag.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/randn.h>

#include <cmath>

#include "../testing/testing.h"

namespace atelier::moments {
namespace {

TEST(Gram_AnyShape_IsTheProductAndSymmetric) {
    for (const auto& [n, d] : {std::pair<int64_t, int64_t>{1, 1}, {7, 3}, {3, 7}, {900, 65}}) {
        const at::Tensor x = at::randn({n, d}, at::kDouble), product = gram(x);
        testing::expect_close(product, at::matmul(x.t(), x), 1e-12, "product");
        testing::expect(product.equal(product.t()), "symmetric to the last bit");
    }
    testing::expect(gram(at::randn({5, 4}, at::kDouble).t()).size(0) == 5, "of a view");
}

TEST(RootTrace_OfASquare_IsTheTraceOfItsRoot) {
    const at::Tensor x = at::randn({40, 20}, at::kDouble), root = gram(x);
    testing::expect(std::abs(root_trace(at::matmul(root, root)) - root.trace().item<double>()) < 1e-9 * root.trace().item<double>(), "a full rank");
    const at::Tensor rotation = at::diag(at::randn({3}, at::kDouble).square()) + 0;
    testing::expect(std::abs(root_trace(rotation) - rotation.diag().sqrt().sum().item<double>()) < 1e-12, "a diagonal");
}

TEST(RootTrace_ComplexPair_CountsItsRealPart) {
    at::Tensor turn = at::zeros({2, 2}, at::kDouble);
    turn[0][1] = -1.0;
    turn[1][0] = 1.0; // eigenvalues ±i, whose roots are (1 ± i)/√2
    testing::expect(std::abs(root_trace(turn) - std::sqrt(2.0)) < 1e-14, "±i");
}

}  // namespace
}  // namespace atelier::moments
