using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class CreationTests
{
    [Fact]
    public void Zeros_WithoutDtype_IsFloat32OnTheHost()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3);
        Assert.Equal([2, 3], x.shape);
        Assert.Equal(ScalarType.Float32, x.dtype);
        Assert.Equal(DeviceType.CPU, x.device_type);
        Assert.False(x.requires_grad);
        Assert.All(x.Doubles(), value => Assert.Equal(0, value));
    }

    [Fact]
    public void Factories_WithShapes_AgreeOnEveryOverload()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([4], ones(4).shape);
        Assert.Equal([4, 5], ones(4, 5).shape);
        Assert.Equal([4, 5, 6], ones(4, 5, 6).shape);
        Assert.Equal([4, 5, 6, 7], ones(4, 5, 6, 7).shape);
        Assert.Equal([2, 1, 2, 1, 2], ones(new long[] { 2, 1, 2, 1, 2 }).shape);
        Assert.Equal([2, 2], ones([2, 2], float64).shape);
        Assert.Equal([3, 1], empty(3, 1, dtype: int64).shape);
    }

    [Fact]
    public void Full_WithWholeNumber_InfersInt64()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.Int64, full(2, 7).dtype);
        Assert.Equal(ScalarType.Float32, full(2, 7.5).dtype);
        Values.Close([7.5, 7.5], full(2, 7.5, float64));
    }

    [Fact]
    public void Like_WithoutOptions_TakesShapeAndDtype()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 2, float64);
        Assert.Equal(ScalarType.Float64, ones_like(x).dtype);
        Assert.Equal(ScalarType.Int32, zeros_like(x, int32).dtype);
        Values.Close([3, 3, 3, 3], full_like(x, 3));
        Assert.True(empty_like(x, requires_grad: true).requires_grad);
    }

    [Fact]
    public void Sequences_OfEachKind_HoldTheirValues()
    {
        using var scope = NewDisposeScope();
        Assert.Equal([0, 1, 2], arange(3).Longs());
        Values.Close([1, 1.5, 2], arange(1.0, 2.1, 0.5));
        Values.Close([0, 0.5, 1], linspace(0, 1, 3));
        Values.Close([1, 0, 0, 1], eye(2));
        Assert.Equal([2, 3], eye(2, 3).shape);
    }

    [Fact]
    public void Tensor_FromScalars_HasTheirTypes()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.Float32, tensor(1f).dtype);
        Assert.Equal(ScalarType.Float64, tensor(1.0).dtype);
        Assert.Equal(ScalarType.Int64, tensor(1L).dtype);
        Assert.Equal(ScalarType.Int32, tensor(1).dtype);
        Assert.Equal(ScalarType.Bool, tensor(true).dtype);
        Assert.Equal(ScalarType.Float32, tensor(1.0, float32).dtype);
        Assert.Equal([], tensor(1f).shape);
    }

    [Fact]
    public void Tensor_FromArray_CopiesIt()
    {
        using var scope = NewDisposeScope();
        var source = new float[] { 1, 2, 3, 4 };
        var x = tensor(source, [2, 2]);
        source[0] = 9;
        Assert.Equal([2, 2], x.shape);
        Values.Close([1, 2, 3, 4], x);
        Assert.Equal([1, 0], tensor(new[] { 1L, 0 }).Longs());
        Assert.Equal([true, false], tensor(new[] { true, false }).Truths());
        Values.Close([255, 1], tensor(new byte[] { 255, 1 }));
        Values.Close([1, 2], tensor(new List<double> { 1, 2 }));
        Values.Close([1, 2], tensor(new[] { 1, 2 }, dtype: float64));
    }

    [Fact]
    public void Tensor_WithWrongCount_NamesCountAndShape()
    {
        var error = Assert.Throws<ArgumentException>(() => tensor(new float[3], [2, 2]));
        Assert.Contains("3 elements", error.Message, StringComparison.Ordinal);
        Assert.Contains("[2, 2]", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromArray_OfTwoDimensions_KeepsThem()
    {
        using var scope = NewDisposeScope();
        var x = from_array(new double[,] { { 1, 2, 3 }, { 4, 5, 6 } });
        Assert.Equal([2, 3], x.shape);
        Assert.Equal(6, x[1, 2].item<double>());
        Assert.Throws<NotSupportedException>(() => from_array(new[] { "a" }));
    }

    [Fact]
    public void Device_FromText_ParsesKindAndNumber()
    {
        Assert.Equal((DeviceType.CPU, -1), (device("cpu").type, device("cpu").index));
        Assert.Equal((DeviceType.CUDA, 1), (device("cuda:1").type, device("cuda:1").index));
        Assert.Equal("cuda:0", device("cuda").ToString());
        Assert.Throws<ArgumentException>(() => device("gpu"));
        Assert.Throws<ArgumentException>(() => device("cuda:x"));
    }

    [Fact]
    public void Creation_OnAbsentGpu_FailsBeforeTheCall()
    {
        Assert.SkipWhen(cuda.is_available(), "there is a GPU");
        Assert.Equal(0, cuda.device_count());
        var error = Assert.Throws<InvalidOperationException>(() => zeros(2, device: "cuda"));
        Assert.Contains("CUDA is not available", error.Message, StringComparison.Ordinal);
    }
}
