// Products and decompositions.
#include "abi.h"

#include <ATen/ops/einsum.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_det.h>
#include <ATen/ops/linalg_eigh.h>
#include <ATen/ops/linalg_eigvalsh.h>
#include <ATen/ops/linalg_inv.h>
#include <ATen/ops/linalg_norm.h>
#include <ATen/ops/linalg_pinv.h>
#include <ATen/ops/linalg_qr.h>
#include <ATen/ops/linalg_slogdet.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/linalg_svd.h>
#include <ATen/ops/linalg_svdvals.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/tensordot.h>

using namespace atorch;

ATORCH_BINARY(matmul)
ATORCH_BINARY(mm)
ATORCH_BINARY(bmm)
ATORCH_BINARY(mv)
ATORCH_BINARY(dot)
ATORCH_BINARY(outer)
ATORCH_UNARY(trace)

#define PLUS_PRODUCT(NAME)                                                                                     \
    ATORCH int atorch_##NAME(const at::Tensor* self, const at::Tensor* first, const at::Tensor* second, double beta, \
                             double alpha, at::Tensor** result) {                                              \
        return guarded(#NAME, {self, first, second}, [&] { *result = give(self->NAME(*first, *second, beta, alpha)); }); \
    }

PLUS_PRODUCT(addmm)
PLUS_PRODUCT(baddbmm)
PLUS_PRODUCT(addmv)

ATORCH int atorch_addmm_(at::Tensor* self, const at::Tensor* first, const at::Tensor* second, double beta, double alpha) {
    return guarded("addmm_", {self, first, second}, [&] { self->addmm_(*first, *second, beta, alpha); });
}

ATORCH int atorch_einsum(const char* equation, const at::Tensor* const* tensors, int32_t count, at::Tensor** result) {
    return guarded("einsum", tensors, static_cast<size_t>(count), [&] {
        *result = give(at::einsum(equation, list_of(tensors, count)));
    });
}

ATORCH int atorch_tensordot(const at::Tensor* self, const at::Tensor* other, const int64_t* dims1, int32_t count1,
                            const int64_t* dims2, int32_t count2, at::Tensor** result) {
    return guarded("tensordot", {self, other}, [&] {
        *result = give(at::tensordot(*self, *other, ints(dims1, count1), ints(dims2, count2)));
    });
}

ATORCH_UNARY_AS(linalg_cholesky, at::linalg_cholesky(*self))
ATORCH_UNARY_AS(linalg_det, at::linalg_det(*self))
ATORCH_UNARY_AS(linalg_inv, at::linalg_inv(*self))
ATORCH_UNARY_AS(linalg_svdvals, at::linalg_svdvals(*self))
ATORCH_BINARY_AS(linalg_solve, at::linalg_solve(*self, *other))

ATORCH int atorch_linalg_eigh(const at::Tensor* self, const char* uplo, at::Tensor** values, at::Tensor** vectors) {
    return guarded("linalg.eigh", {self}, [&] {
        auto pair = at::linalg_eigh(*self, uplo);
        *values = give(std::get<0>(pair));
        *vectors = give(std::get<1>(pair));
    });
}

ATORCH int atorch_linalg_eigvalsh(const at::Tensor* self, const char* uplo, at::Tensor** result) {
    return guarded("linalg.eigvalsh", {self}, [&] { *result = give(at::linalg_eigvalsh(*self, uplo)); });
}

ATORCH int atorch_linalg_svd(const at::Tensor* self, Flag full_matrices, at::Tensor** u, at::Tensor** s, at::Tensor** vh) {
    return guarded("linalg.svd", {self}, [&] {
        auto parts = at::linalg_svd(*self, full_matrices);
        *u = give(std::get<0>(parts));
        *s = give(std::get<1>(parts));
        *vh = give(std::get<2>(parts));
    });
}

ATORCH int atorch_linalg_qr(const at::Tensor* self, const char* mode, at::Tensor** q, at::Tensor** r) {
    return guarded("linalg.qr", {self}, [&] {
        auto pair = at::linalg_qr(*self, mode);
        *q = give(std::get<0>(pair));
        *r = give(std::get<1>(pair));
    });
}

ATORCH int atorch_linalg_slogdet(const at::Tensor* self, at::Tensor** sign, at::Tensor** logabsdet) {
    return guarded("linalg.slogdet", {self}, [&] {
        auto pair = at::linalg_slogdet(*self);
        *sign = give(std::get<0>(pair));
        *logabsdet = give(std::get<1>(pair));
    });
}

// `dims` null: over the whole tensor. `ord` none: the 2-norm of the flattened tensor, or of the given dimensions.
ATORCH int atorch_linalg_norm(const at::Tensor* self, Number ord, const int64_t* dims, int32_t count, Flag keepdim,
                              at::Tensor** result) {
    return guarded("linalg.norm", {self}, [&] {
        const at::OptionalIntArrayRef over = dims ? at::OptionalIntArrayRef(ints(dims, count)) : at::OptionalIntArrayRef();
        *result = give(at::linalg_norm(*self, ord.optional(), over, keepdim));
    });
}

ATORCH int atorch_linalg_norm_named(const at::Tensor* self, const char* ord, const int64_t* dims, int32_t count,
                                    Flag keepdim, at::Tensor** result) {
    return guarded("linalg.norm", {self}, [&] {
        const at::OptionalIntArrayRef over = dims ? at::OptionalIntArrayRef(ints(dims, count)) : at::OptionalIntArrayRef();
        *result = give(at::linalg_norm(*self, ord, over, keepdim));
    });
}

ATORCH int atorch_linalg_vector_norm(const at::Tensor* self, double ord, const int64_t* dims, int32_t count,
                                     Flag keepdim, at::Tensor** result) {
    return guarded("linalg.vector_norm", {self}, [&] {
        const at::OptionalIntArrayRef over = dims ? at::OptionalIntArrayRef(ints(dims, count)) : at::OptionalIntArrayRef();
        *result = give(at::linalg_vector_norm(*self, ord, over, keepdim));
    });
}
