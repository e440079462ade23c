// Selection, gathering, and Python-style indexing.
#include "abi.h"

#include <ATen/TensorIndexing.h>
#include <ATen/ops/searchsorted.h>
#include <ATen/ops/take.h>

using namespace atorch;

ATORCH int atorch_narrow(const at::Tensor* self, int64_t dim, int64_t start, int64_t length, at::Tensor** result) {
    return guarded("narrow", {self}, [&] { *result = give(self->narrow(dim, start, length)); });
}

ATORCH int atorch_select(const at::Tensor* self, int64_t dim, int64_t index, at::Tensor** result) {
    return guarded("select", {self}, [&] { *result = give(self->select(dim, index)); });
}

ATORCH int atorch_slice(const at::Tensor* self, int64_t dim, int64_t start, int64_t end, int64_t step, at::Tensor** result) {
    return guarded("slice", {self}, [&] { *result = give(self->slice(dim, start, end, step)); });
}

ATORCH int atorch_index_select(const at::Tensor* self, int64_t dim, const at::Tensor* index, at::Tensor** result) {
    return guarded("index_select", {self, index}, [&] { *result = give(self->index_select(dim, *index)); });
}

ATORCH int atorch_gather(const at::Tensor* self, int64_t dim, const at::Tensor* index, at::Tensor** result) {
    return guarded("gather", {self, index}, [&] { *result = give(self->gather(dim, *index)); });
}

#define SCATTER(NAME)                                                                                          \
    ATORCH int atorch_##NAME(const at::Tensor* self, int64_t dim, const at::Tensor* index, const at::Tensor* source, \
                             at::Tensor** result) {                                                            \
        return guarded(#NAME, {self, index, source}, [&] { *result = give(self->NAME(dim, *index, *source)); }); \
    }                                                                                                          \
    ATORCH int atorch_##NAME##_(at::Tensor* self, int64_t dim, const at::Tensor* index, const at::Tensor* source) { \
        return guarded(#NAME "_", {self, index, source}, [&] { self->NAME##_(dim, *index, *source); });        \
    }

SCATTER(scatter)
SCATTER(scatter_add)
SCATTER(index_copy)

ATORCH int atorch_index_add(const at::Tensor* self, int64_t dim, const at::Tensor* index, const at::Tensor* source,
                            Number alpha, at::Tensor** result) {
    return guarded("index_add", {self, index, source}, [&] {
        *result = give(self->index_add(dim, *index, *source, alpha.scalar()));
    });
}

ATORCH int atorch_index_add_(at::Tensor* self, int64_t dim, const at::Tensor* index, const at::Tensor* source, Number alpha) {
    return guarded("index_add_", {self, index, source}, [&] { self->index_add_(dim, *index, *source, alpha.scalar()); });
}

ATORCH_BINARY(masked_select)
ATORCH_BINARY_AS(take, self->take(*other))
ATORCH_UNARY(nonzero)

ATORCH int atorch_searchsorted(const at::Tensor* sequence, const at::Tensor* values, Flag out_int32, Flag right,
                               const at::Tensor* sorter, at::Tensor** result) {
    return guarded("searchsorted", {sequence, values}, [&] {
        *result = give(at::searchsorted(*sequence, *values, out_int32, right, c10::nullopt, maybe(sorter)));
    });
}

// One element of an index expression. Absent bounds of a slice are marked by `INT64_MIN`, which is no index.
struct IndexTerm {
    enum Kind : int32_t { none = 0, ellipsis = 1, boolean = 2, single = 3, slice = 4, tensor = 5 };

    int32_t kind;
    int64_t start;
    int64_t stop;
    int64_t step;
    const at::Tensor* values;
};

namespace {

using Terms = std::vector<at::indexing::TensorIndex>;

c10::optional<int64_t> bound(int64_t value) {
    return value == INT64_MIN ? c10::nullopt : c10::optional<int64_t>(value);
}

Terms terms_of(const IndexTerm* terms, int32_t count) {
    Terms list;
    list.reserve(static_cast<size_t>(count));
    for (int32_t i = 0; i < count; ++i) {
        const IndexTerm& term = terms[i];
        switch (term.kind) {
            case IndexTerm::none: list.emplace_back(at::indexing::None); break;
            case IndexTerm::ellipsis: list.emplace_back(at::indexing::Ellipsis); break;
            case IndexTerm::boolean: list.emplace_back(term.start != 0); break;
            case IndexTerm::single: list.emplace_back(term.start); break;
            case IndexTerm::slice:
                list.emplace_back(at::indexing::Slice(bound(term.start), bound(term.stop), bound(term.step)));
                break;
            default: list.emplace_back(*term.values); break;
        }
    }
    return list;
}

}  // namespace

ATORCH int atorch_index(const at::Tensor* self, const IndexTerm* terms, int32_t count, at::Tensor** result) {
    return guarded("index", {self}, [&] { *result = give(self->index(terms_of(terms, count))); });
}

ATORCH int atorch_index_put_(at::Tensor* self, const IndexTerm* terms, int32_t count, const at::Tensor* value) {
    return guarded("index_put_", {self, value}, [&] { self->index_put_(terms_of(terms, count), *value); });
}

ATORCH int atorch_index_put__scalar(at::Tensor* self, const IndexTerm* terms, int32_t count, Number value) {
    return guarded("index_put_", {self}, [&] { self->index_put_(terms_of(terms, count), value.scalar()); });
}
