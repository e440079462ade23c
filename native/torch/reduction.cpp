// Sums, extrema, orders and scans.
#include "abi.h"

#include <ATen/ops/amax.h>
#include <ATen/ops/amin.h>

using namespace atorch;

#define ALL_WITH_DTYPE(NAME)                                                                              \
    ATORCH int atorch_##NAME(const at::Tensor* self, int32_t dtype, at::Tensor** result) {                \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(dtype_or_none(dtype))); });         \
    }

#define DIMS_WITH_DTYPE(NAME)                                                                             \
    ATORCH int atorch_##NAME##_dims(const at::Tensor* self, const int64_t* dims, int32_t count, Flag keepdim, \
                                    int32_t dtype, at::Tensor** result) {                                 \
        return guarded(#NAME, {self}, [&] {                                                               \
            *result = give(self->NAME(ints(dims, count), keepdim, dtype_or_none(dtype)));            \
        });                                                                                               \
    }

ALL_WITH_DTYPE(sum)
ALL_WITH_DTYPE(mean)
ALL_WITH_DTYPE(prod)
DIMS_WITH_DTYPE(sum)
DIMS_WITH_DTYPE(mean)

ATORCH int atorch_prod_dim(const at::Tensor* self, int64_t dim, Flag keepdim, int32_t dtype, at::Tensor** result) {
    return guarded("prod", {self}, [&] { *result = give(self->prod(dim, keepdim, dtype_or_none(dtype))); });
}

#define SPREAD(NAME)                                                                                      \
    ATORCH int atorch_##NAME(const at::Tensor* self, Flag unbiased, at::Tensor** result) {             \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(unbiased)); });                \
    }                                                                                                     \
    ATORCH int atorch_##NAME##_dims(const at::Tensor* self, const int64_t* dims, int32_t count, Flag unbiased, \
                                    Flag keepdim, at::Tensor** result) {                               \
        return guarded(#NAME, {self}, [&] {                                                               \
            *result = give(self->NAME(at::OptionalIntArrayRef(ints(dims, count)), bool(unbiased), keepdim)); \
        });                                                                                               \
    }

SPREAD(std)
SPREAD(var)

ATORCH int atorch_norm(const at::Tensor* self, double p, at::Tensor** result) {
    return guarded("norm", {self}, [&] { *result = give(self->norm(p)); });
}

ATORCH int atorch_norm_dim(const at::Tensor* self, double p, int64_t dim, Flag keepdim, at::Tensor** result) {
    return guarded("norm", {self}, [&] { *result = give(self->norm(at::Scalar(p), {dim}, keepdim)); });
}

ATORCH_UNARY(all)
ATORCH_UNARY(any)
ATORCH_UNARY(max)
ATORCH_UNARY(min)
ATORCH_UNARY(median)

#define ALONG(NAME)                                                                                       \
    ATORCH int atorch_##NAME##_dim(const at::Tensor* self, int64_t dim, Flag keepdim, at::Tensor** result) { \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(dim, keepdim)); });            \
    }

ALONG(all)
ALONG(any)

ATORCH int atorch_logsumexp(const at::Tensor* self, int64_t dim, Flag keepdim, at::Tensor** result) {
    return guarded("logsumexp", {self}, [&] { *result = give(self->logsumexp({dim}, keepdim)); });
}

#define EXTREMUM_DIM(NAME)                                                                                \
    ATORCH int atorch_##NAME##_dim(const at::Tensor* self, int64_t dim, Flag keepdim, at::Tensor** values, \
                                   at::Tensor** indices) {                                                \
        return guarded(#NAME, {self}, [&] {                                                               \
            auto pair = self->NAME(dim, keepdim);                                                    \
            *values = give(std::get<0>(pair));                                                            \
            *indices = give(std::get<1>(pair));                                                           \
        });                                                                                               \
    }

EXTREMUM_DIM(max)
EXTREMUM_DIM(min)

// Into an existing tensor where one is given; `result` is then null.
#define EXTREMUM_DIMS(NAME)                                                                               \
    ATORCH int atorch_##NAME(const at::Tensor* self, const int64_t* dims, int32_t count, Flag keepdim,    \
                             at::Tensor* into, at::Tensor** result) {                                     \
        return guarded(#NAME, {self}, [&] {                                                               \
            if (into) at::NAME##_out(*into, *self, ints(dims, count), keepdim);                             \
            *result = into ? nullptr : give(self->NAME(ints(dims, count), keepdim));                       \
        });                                                                                               \
    }

EXTREMUM_DIMS(amax)
EXTREMUM_DIMS(amin)

#define ARG(NAME)                                                                                         \
    ATORCH int atorch_##NAME(const at::Tensor* self, const int64_t* dim, Flag keepdim, at::Tensor** result) { \
        return guarded(#NAME, {self}, [&] {                                                               \
            *result = give(self->NAME(dim ? c10::optional<int64_t>(*dim) : c10::nullopt, keepdim));  \
        });                                                                                               \
    }

ARG(argmax)
ARG(argmin)

#define SCAN(NAME)                                                                                        \
    ATORCH int atorch_##NAME(const at::Tensor* self, int64_t dim, int32_t dtype, at::Tensor** result) {   \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(dim, dtype_or_none(dtype))); });    \
    }

SCAN(cumsum)
SCAN(cumprod)

ATORCH int atorch_sort(const at::Tensor* self, int64_t dim, Flag descending, Flag stable, at::Tensor** values,
                       at::Tensor** indices) {
    return guarded("sort", {self}, [&] {
        auto pair = self->sort(c10::optional<bool>(stable), dim, descending);
        *values = give(std::get<0>(pair));
        *indices = give(std::get<1>(pair));
    });
}

ATORCH int atorch_argsort(const at::Tensor* self, int64_t dim, Flag descending, at::Tensor** result) {
    return guarded("argsort", {self}, [&] { *result = give(self->argsort(dim, descending)); });
}

ATORCH int atorch_topk(const at::Tensor* self, int64_t k, int64_t dim, Flag largest, Flag sorted,
                       at::Tensor** values, at::Tensor** indices) {
    return guarded("topk", {self}, [&] {
        auto pair = self->topk(k, dim, largest, sorted);
        *values = give(std::get<0>(pair));
        *indices = give(std::get<1>(pair));
    });
}

ATORCH int atorch_kthvalue(const at::Tensor* self, int64_t k, int64_t dim, Flag keepdim, at::Tensor** values,
                           at::Tensor** indices) {
    return guarded("kthvalue", {self}, [&] {
        auto pair = self->kthvalue(k, dim, keepdim);
        *values = give(std::get<0>(pair));
        *indices = give(std::get<1>(pair));
    });
}

ATORCH int atorch_quantile(const at::Tensor* self, const at::Tensor* q, int64_t dim, Flag keepdim, at::Tensor** result) {
    return guarded("quantile", {self, q}, [&] { *result = give(self->quantile(*q, dim, keepdim)); });
}
