using TorchSharp.Interop;
using static TorchSharp.Interop.Native;
using static TorchSharp.Interop.Results;

namespace TorchSharp;

public static partial class torch
{
    /// <summary>Tensors joined along a dimension.</summary>
    public static Tensor cat(IList<Tensor> tensors, long dim = 0)
    {
        var pointers = Pointers(tensors);
        var joined = Own(atorch_cat(pointers, pointers.Length, dim, out var result), result);
        GC.KeepAlive(tensors);
        return joined;
    }

    /// <summary>Tensors joined along a dimension.</summary>
    public static Tensor cat(Tensor[] tensors, long dim = 0) => cat((IList<Tensor>)tensors, dim);

    /// <summary>Tensors joined along a dimension.</summary>
    public static Tensor cat(ReadOnlySpan<Tensor> tensors, long dim = 0) => cat((IList<Tensor>)tensors.ToArray(), dim);

    /// <summary>Tensors of one shape joined along a new dimension.</summary>
    public static Tensor stack(IEnumerable<Tensor> tensors, long dim = 0)
    {
        var list = tensors as IList<Tensor> ?? [.. tensors];
        var pointers = Pointers(list);
        var joined = Own(atorch_stack(pointers, pointers.Length, dim, out var result), result);
        GC.KeepAlive(list);
        return joined;
    }

    /// <summary>Vectors' coordinates over the grid that they span; <c>ij</c> or <c>xy</c> order.</summary>
    public static Tensor[] meshgrid(IEnumerable<Tensor> tensors, string indexing = "ij")
    {
        var list = tensors as IList<Tensor> ?? [.. tensors];
        var pointers = Pointers(list);
        var grids = OwnList(atorch_meshgrid(pointers, pointers.Length, indexing, out var result), result);
        GC.KeepAlive(list);
        return grids;
    }

    /// <summary>Einstein's summation, such as <c>bij,bjk->bik</c>.</summary>
    public static Tensor einsum(string equation, params Tensor[] tensors)
    {
        var pointers = Pointers(tensors);
        var product = Own(atorch_einsum(equation, pointers, pointers.Length, out var result), result);
        GC.KeepAlive(tensors);
        return product;
    }

    /// <summary>The sum of products over the last <paramref name="dims"/> dimensions of one and the first of the other.</summary>
    public static Tensor tensordot(Tensor a, Tensor b, long dims = 2)
    {
        var first = new long[dims];
        var second = new long[dims];
        for (var i = 0; i < dims; i++)
        {
            first[i] = i - dims;
            second[i] = i;
        }
        return tensordot(a, b, first, second);
    }

    /// <summary>The sum of products over pairs of dimensions.</summary>
    public static Tensor tensordot(Tensor a, Tensor b, long[] dims1, long[] dims2) =>
        Own(atorch_tensordot(a.handle, b.handle, dims1, dims1.Length, dims2, dims2.Length, out var result), result);

    /// <summary>Where values would be inserted into ordered sequences to keep the order.</summary>
    public static Tensor searchsorted(Tensor sorted_sequence, Tensor values, bool out_int32 = false, bool right = false,
        Tensor? sorter = null) =>
        Own(atorch_searchsorted(sorted_sequence.handle, values.handle, out_int32, right, TensorHandle.Of(sorter), out var result), result);

    /// <summary>x where the condition holds, else y, with broadcasting.</summary>
    public static Tensor where(Tensor condition, Tensor x, Tensor y) => x.where(condition, y);
}
