// What Fréchet distances are made of (Heusel et al. 2017): second moments of features, and the trace of a matrix root.
#pragma once

#include <ATen/core/Tensor.h>

namespace atelier::moments {

// xᵀ·x of [N, D] float64, exactly symmetric: half the work of a matrix product, by the BLAS's own routine where it can be reached.
at::Tensor gram(const at::Tensor& x);

// Re tr √m of a square float64 matrix that need not be symmetric: Σ Re √λ over the eigenvalues of its Schur form. This is what the
// published code computes (scipy's sqrtm), down to the rounding of eigenvalues that are zero, whose roots are not that small. It is the
// reference of the symmetric route that evaluations take.
double root_trace(const at::Tensor& m);

}  // namespace atelier::moments
