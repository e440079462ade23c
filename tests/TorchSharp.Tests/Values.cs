using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

/// <summary>Small tensors in, plain arrays out.</summary>
internal static class Values
{
    internal static Tensor Vector(params double[] elements) => tensor(elements);

    /// <summary>0, 1, 2, … in row-major order, float64.</summary>
    internal static Tensor Counting(params long[] shape) =>
        arange(shape.Aggregate(1L, (product, size) => product * size), float64).reshape(shape);

    internal static double[] Doubles(this Tensor value) => value.to(float64).data<double>().ToArray();

    internal static bool[] Truths(this Tensor value) => value.data<bool>().ToArray();

    internal static long[] Longs(this Tensor value) => value.data<long>().ToArray();

    internal static void Close(double[] expected, Tensor actual, double tolerance = 1e-12)
    {
        var values = actual.Doubles();
        Assert.Equal(expected.Length, values.Length);
        for (var i = 0; i < values.Length; i++) Assert.Equal(expected[i], values[i], tolerance);
    }
}
