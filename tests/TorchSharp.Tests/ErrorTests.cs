using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

public sealed class ErrorTests
{
    [Fact]
    public void NativeFailure_OfAnOp_NamesOpShapesDtypesAndReasonOnOneLine()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => zeros(2, 3).matmul(zeros(4, 5, float64)));
        Assert.StartsWith("matmul(float32[2, 3], float64[4, 5]): ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.DoesNotContain("Exception raised from", error.Message, StringComparison.Ordinal);
        Assert.True(error.Message.Length > "matmul(float32[2, 3], float64[4, 5]): ".Length + 10);
    }

    [Fact]
    public void NativeFailure_WithoutAnOptionalTensor_SaysNone()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => nn.functional.conv2d(zeros([1, 2, 4, 4]), zeros([3, 5, 3, 3])));
        Assert.StartsWith("conv2d(float32[1, 2, 4, 4], float32[3, 5, 3, 3], none): ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NativeFailure_OfAListOp_NamesEveryTensor()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => cat([zeros(2, 2), zeros(3, 3), zeros(1, dtype: int64)]));
        Assert.StartsWith("cat(float32[2, 2], float32[3, 3], int64[1]): ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void NativeFailure_OfInPlaceOps_NamesThem()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ExternalException>(() => zeros(2).add_(zeros(3)));
        Assert.StartsWith("add_(float32[2], float32[3]): ", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<ExternalException>(() => zeros(2, 3).view(5));
        Assert.StartsWith("view(float32[2, 3]): ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Failures_OnTwoThreads_KeepTheirOwnMessages()
    {
        using var scope = NewDisposeScope();
        string? other = null;
        var thread = new Thread(() => other = Assert.Throws<ExternalException>(() => zeros(7).view(6)).Message);
        thread.Start();
        var mine = Assert.Throws<ExternalException>(() => zeros(5).view(4)).Message;
        thread.Join();
        Assert.StartsWith("view(float32[5]): ", mine, StringComparison.Ordinal);
        Assert.StartsWith("view(float32[7]): ", other, StringComparison.Ordinal);
    }

    [Fact]
    public void Failure_LeavesNothingBehind()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 3);
        var before = scope.DisposablesCount;
        Assert.Throws<ExternalException>(() => x.split([1, 2]));
        Assert.Equal(before, scope.DisposablesCount);
    }
}
