// Views and rearrangements.
#include "abi.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/meshgrid.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/stack.h>

using namespace atorch;

#define WITH_INTS(NAME)                                                                                   \
    ATORCH int atorch_##NAME(const at::Tensor* self, const int64_t* values, int32_t count, at::Tensor** result) { \
        return guarded(#NAME, {self}, [&] { *result = give(self->NAME(ints(values, count))); });          \
    }

WITH_INTS(view)
WITH_INTS(reshape)
WITH_INTS(permute)
WITH_INTS(repeat)
WITH_INTS(flip)
WITH_INTS(broadcast_to)

ATORCH int atorch_expand(const at::Tensor* self, const int64_t* sizes, int32_t count, Flag is_implicit, at::Tensor** result) {
    return guarded("expand", {self}, [&] { *result = give(self->expand(ints(sizes, count), is_implicit)); });
}

ATORCH_BINARY(expand_as)
ATORCH_BINARY(view_as)
ATORCH_UNARY(t)

ATORCH int atorch_flatten(const at::Tensor* self, int64_t start, int64_t end, at::Tensor** result) {
    return guarded("flatten", {self}, [&] { *result = give(self->flatten(start, end)); });
}

ATORCH int atorch_unflatten(const at::Tensor* self, int64_t dim, const int64_t* sizes, int32_t count, at::Tensor** result) {
    // Through view, as unflatten's own signature changed between 1.13 and 2.x.
    return guarded("unflatten", {self}, [&] {
        const int64_t at = dim < 0 ? dim + self->dim() : dim;
        TORCH_CHECK(at >= 0 && at < self->dim(), "dimension ", dim, " is out of range");
        std::vector<int64_t> shape(self->sizes().begin(), self->sizes().begin() + at);
        shape.insert(shape.end(), sizes, sizes + count);
        shape.insert(shape.end(), self->sizes().begin() + at + 1, self->sizes().end());
        *result = give(self->view(shape));
    });
}

ATORCH int atorch_squeeze(const at::Tensor* self, const int64_t* dim, at::Tensor** result) {
    return guarded("squeeze", {self}, [&] { *result = give(dim ? self->squeeze(*dim) : self->squeeze()); });
}

ATORCH int atorch_squeeze_(at::Tensor* self, const int64_t* dim) {
    return guarded("squeeze_", {self}, [&] { dim ? self->squeeze_(*dim) : self->squeeze_(); });
}

ATORCH int atorch_unsqueeze(const at::Tensor* self, int64_t dim, at::Tensor** result) {
    return guarded("unsqueeze", {self}, [&] { *result = give(self->unsqueeze(dim)); });
}

ATORCH int atorch_unsqueeze_(at::Tensor* self, int64_t dim) {
    return guarded("unsqueeze_", {self}, [&] { self->unsqueeze_(dim); });
}

ATORCH int atorch_transpose(const at::Tensor* self, int64_t dim0, int64_t dim1, at::Tensor** result) {
    return guarded("transpose", {self}, [&] { *result = give(self->transpose(dim0, dim1)); });
}

ATORCH int atorch_movedim(const at::Tensor* self, const int64_t* source, int32_t source_count, const int64_t* destination,
                          int32_t destination_count, at::Tensor** result) {
    return guarded("movedim", {self}, [&] {
        *result = give(self->movedim(ints(source, source_count), ints(destination, destination_count)));
    });
}

ATORCH int atorch_roll(const at::Tensor* self, const int64_t* shifts, int32_t shift_count, const int64_t* dims,
                       int32_t dim_count, at::Tensor** result) {
    return guarded("roll", {self}, [&] { *result = give(self->roll(ints(shifts, shift_count), ints(dims, dim_count))); });
}

ATORCH int atorch_repeat_interleave(const at::Tensor* self, int64_t repeats, const int64_t* dim, at::Tensor** result) {
    return guarded("repeat_interleave", {self}, [&] {
        *result = give(self->repeat_interleave(repeats, dim ? c10::optional<int64_t>(*dim) : c10::nullopt));
    });
}

ATORCH int atorch_repeat_interleave_tensor(const at::Tensor* self, const at::Tensor* repeats, const int64_t* dim,
                                           at::Tensor** result) {
    return guarded("repeat_interleave", {self, repeats}, [&] {
        *result = give(self->repeat_interleave(*repeats, dim ? c10::optional<int64_t>(*dim) : c10::nullopt));
    });
}

ATORCH int atorch_tril(const at::Tensor* self, int64_t diagonal, at::Tensor** result) {
    return guarded("tril", {self}, [&] { *result = give(self->tril(diagonal)); });
}

ATORCH int atorch_triu(const at::Tensor* self, int64_t diagonal, at::Tensor** result) {
    return guarded("triu", {self}, [&] { *result = give(self->triu(diagonal)); });
}

ATORCH int atorch_diag(const at::Tensor* self, int64_t diagonal, at::Tensor** result) {
    return guarded("diag", {self}, [&] { *result = give(self->diag(diagonal)); });
}

ATORCH int atorch_diagonal(const at::Tensor* self, int64_t offset, int64_t dim1, int64_t dim2, at::Tensor** result) {
    return guarded("diagonal", {self}, [&] { *result = give(self->diagonal(offset, dim1, dim2)); });
}

ATORCH int atorch_diag_embed(const at::Tensor* self, int64_t offset, int64_t dim1, int64_t dim2, at::Tensor** result) {
    return guarded("diag_embed", {self}, [&] { *result = give(self->diag_embed(offset, dim1, dim2)); });
}

ATORCH int atorch_unfold(const at::Tensor* self, int64_t dimension, int64_t size, int64_t step, at::Tensor** result) {
    return guarded("unfold", {self}, [&] { *result = give(self->unfold(dimension, size, step)); });
}

ATORCH int atorch_as_strided(const at::Tensor* self, const int64_t* sizes, int32_t size_count, const int64_t* strides,
                             int32_t stride_count, int64_t offset, at::Tensor** result) {
    return guarded("as_strided", {self}, [&] {
        *result = give(self->as_strided(ints(sizes, size_count), ints(strides, stride_count), offset));
    });
}

ATORCH int atorch_split(const at::Tensor* self, int64_t size, int64_t dim, TensorList** result) {
    return guarded("split", {self}, [&] { *result = new TensorList(self->split(size, dim)); });
}

ATORCH int atorch_split_sizes(const at::Tensor* self, const int64_t* sizes, int32_t count, int64_t dim, TensorList** result) {
    return guarded("split", {self}, [&] { *result = new TensorList(self->split_with_sizes(ints(sizes, count), dim)); });
}

ATORCH int atorch_chunk(const at::Tensor* self, int64_t chunks, int64_t dim, TensorList** result) {
    return guarded("chunk", {self}, [&] { *result = new TensorList(self->chunk(chunks, dim)); });
}

ATORCH int atorch_unbind(const at::Tensor* self, int64_t dim, TensorList** result) {
    return guarded("unbind", {self}, [&] { *result = new TensorList(self->unbind(dim)); });
}

ATORCH int atorch_cat(const at::Tensor* const* tensors, int32_t count, int64_t dim, at::Tensor** result) {
    return guarded("cat", tensors, static_cast<size_t>(count), [&] { *result = give(at::cat(list_of(tensors, count), dim)); });
}

ATORCH int atorch_stack(const at::Tensor* const* tensors, int32_t count, int64_t dim, at::Tensor** result) {
    return guarded("stack", tensors, static_cast<size_t>(count), [&] { *result = give(at::stack(list_of(tensors, count), dim)); });
}

ATORCH int atorch_meshgrid(const at::Tensor* const* tensors, int32_t count, const char* indexing, TensorList** result) {
    return guarded("meshgrid", tensors, static_cast<size_t>(count), [&] {
        *result = new TensorList(at::meshgrid(list_of(tensors, count), indexing));
    });
}
