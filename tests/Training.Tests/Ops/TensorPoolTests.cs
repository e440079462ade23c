using Atelier.Training.Interop;
using Atelier.Training.Ops;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Ops;

public sealed class TensorPoolTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1 << 14, 1)]
    [InlineData(70_001, 3)]
    [InlineData(128, 4225)]
    public void Empty_AnyShape_HoldsItsNumbersApartFromOthers(long rows, long columns)
    {
        using var scope = NewDisposeScope();
        var tensors = Enumerable.Range(0, 3).Select(_ => TensorPool.Empty(rows, columns)).ToArray();
        for (int i = 0; i < tensors.Length; i++)
            tensors[i].fill_(TensorArithmetic.Number(i));

        Assert.All(tensors, (tensor, i) =>
        {
            Assert.Equal([rows, columns], tensor.shape);
            Assert.True(tensor.is_contiguous());
            Assert.Equal(i, tensor.min().item<float>());
            Assert.Equal(i, tensor.max().item<float>());
        });
    }

    [Fact]
    public void Empty_AfterOneOfItsSizeIsGone_IsInItsPlace()
    {
        const long count = (1 << 22) + 12345; // a size that no other test takes
        nint first;
        using (var tensor = TensorPool.Empty(count))
            first = Place(tensor);
        using var second = TensorPool.Empty(count);
        using var third = TensorPool.Empty(count);

        Assert.Equal(first, Place(second));
        Assert.NotEqual(first, Place(third));
    }

    [Fact]
    public void Empty_WhileAViewLives_IsElsewhere()
    {
        const long count = (1 << 23) + 54321;
        var tensor = TensorPool.Empty(count);
        var view = tensor.narrow(0, 5, 10);
        nint place = Place(tensor);
        tensor.Dispose();
        using (var other = TensorPool.Empty(count))
            Assert.NotEqual(place, Place(other));
        view.Dispose();
        using var again = TensorPool.Empty(count);
        using var both = TensorPool.Empty(count);

        Assert.Contains(place, new[] { Place(again), Place(both) });
    }

    private static nint Place(Tensor tensor) => OpKernels.Address(tensor);
}
