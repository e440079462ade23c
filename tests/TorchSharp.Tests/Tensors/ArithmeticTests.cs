using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class ArithmeticTests
{
    [Fact]
    public void Operators_OnTensors_Broadcast()
    {
        using var scope = NewDisposeScope();
        var column = Values.Vector(1, 2).unsqueeze(1);
        var row = Values.Vector(10, 20, 30);
        Assert.Equal([2, 3], (column + row).shape);
        Values.Close([11, 21, 31, 12, 22, 32], column + row);
        Values.Close([-9, -19, -29, -8, -18, -28], column - row);
        Values.Close([10, 20, 30, 20, 40, 60], column * row);
        Values.Close([10, 20, 30, 5, 10, 15], row / column);
    }

    [Fact]
    public void Operators_WithNumbers_WorkFromBothSides()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2, 4);
        Values.Close([3, 4, 6], x + 2);
        Values.Close([3, 4, 6], 2L + x);
        Values.Close([-1, 0, 2], x - 2f);
        Values.Close([1, 0, -2], 2.0 - x);
        Values.Close([2, 4, 8], 2 * x);
        Values.Close([0.5, 1, 2], x / 2);
        Values.Close([8, 4, 2], 8 / x);
        Values.Close([1, 0, 1], x % 2 + (x == 4));
        Values.Close([-1, -2, -4], -x);
    }

    [Fact]
    public void Scalars_OnWholeTensors_KeepWholeNumbersWhole()
    {
        using var scope = NewDisposeScope();
        var x = tensor(new long[] { 7, -7 });
        Assert.Equal(ScalarType.Int64, (x + 1).dtype);
        Assert.Equal(ScalarType.Float32, (x + 1.0).dtype);
        Values.Close([3.5, -3.5], x / 2);
        Values.Close([3, -4], x.div(2, RoundingMode.floor));
        Values.Close([3, -3], x.div(2, RoundingMode.trunc));
        Values.Close([1, 1], x % 2);
        Values.Close([3, -4], x.floor_divide(2));
    }

    [Fact]
    public void InPlace_OnAView_WritesThrough()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3);
        var row = x[1];
        var returned = row.mul_(10).add_(1);
        Assert.Same(row, returned);
        Values.Close([0, 1, 2, 31, 41, 51], x);
        row.sub_(Values.Vector(31, 41, 51)).div_(1);
        Values.Close([0, 1, 2, 0, 0, 0], x);
    }

    [Fact]
    public void AlphaAndValue_InCombinedOps_Scale()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2);
        var y = Values.Vector(3, 4);
        Values.Close([7, 10], x.add(y, 2));
        Values.Close([1.5, 2.5], x.add(1, 0.5));
        Values.Close([1 + 0.5 * 9, 2 + 0.5 * 16], x.addcmul(y, y, 0.5));
        Values.Close([1 + 2 * 3.0 / 1, 2 + 2 * 4.0 / 2], x.addcdiv(y, x, 2));
        Values.Close([2, 3], x.lerp(y, tensor(0.5)));
        Values.Close([2, 3], x.clone().lerp_(y, tensor(0.5)));
        Values.Close([10, 18], x.clone().addcmul_(y, y, 1).add_(0).sub_(0).mul_(1).clamp_(max: 18));
        Values.Close([4, 4], x.clone().addcdiv_(y, x).add_(x - x));
    }

    [Fact]
    public void Powers_OfNumbersAndTensors_Agree()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2, 3);
        Values.Close([1, 8, 27], x.pow(3));
        Values.Close([1, 4, 27], x.pow(x));
        Values.Close([1, 4, 9], x.square());
        Values.Close([1, 1 / Math.Sqrt(2), 1 / Math.Sqrt(3)], x.rsqrt());
        Values.Close([1, 16, 81], x.clone().pow_(4));
        Values.Close([2, 2, 3], x.maximum(tensor(2.0)));
        Values.Close([1, 2, 2], minimum(x, tensor(2.0)));
    }

    [Fact]
    public void Pointwise_AgainstTheFramework_Agrees()
    {
        using var scope = NewDisposeScope();
        double[] v = [-1.5, -0.2, 0, 0.3, 2.5];
        var x = tensor(v);
        void Check(Func<double, double> expected, Tensor actual) => Values.Close([.. v.Select(expected)], actual);
        Check(Math.Abs, x.abs());
        Check(Math.Exp, x.exp());
        Check(Math.Sin, x.sin());
        Check(Math.Cos, x.cos());
        Check(Math.Tanh, x.tanh());
        Check(Math.Atan, x.atan());
        Check(e => Math.Acos(e / 3), (x / 3).acos());
        Check(e => Math.Asin(e / 3), asin(x / 3));
        Check(Math.Floor, x.floor());
        Check(Math.Ceiling, x.ceil());
        Check(Math.Truncate, x.trunc());
        Check(e => Math.Sign(e), x.sign());
        Check(e => Math.Round(e, MidpointRounding.ToEven), x.round());
        Check(e => Math.Round(e, 1), x.round(1));
        Check(e => Math.Log(1 + e * e), (x * x).log1p());
        Check(e => 1 / (1 + Math.Exp(-e)), x.sigmoid());
        Check(e => Math.Max(0, e), x.relu());
        Check(e => e > 0 ? e : 0.2 * e, x.leaky_relu(0.2));
        Check(e => e > 0 ? e : Math.Exp(e) - 1, x.elu());
        Check(e => e / (1 + Math.Exp(-e)), x.silu());
        Check(e => Math.Log(1 + Math.Exp(e)), x.softplus());
        Check(e => Math.Clamp(e, -1, 1), x.clamp(-1, 1));
        Check(e => Math.Max(e, -1), x.clamp(min: -1));
        Check(e => Math.Min(e, 1), x.clamp_max(1));
        const double alpha = 1.6732632423543772, scale = 1.0507009873554805;
        Check(e => scale * (e > 0 ? e : alpha * (Math.Exp(e) - 1)), x.selu());
    }

    [Fact]
    public void NanToNum_WithInfinities_ReplacesEach()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(double.NaN, double.PositiveInfinity, double.NegativeInfinity, 3);
        Values.Close([0, 1e5, -1e5, 3], x.nan_to_num(0, 1e5, -1e5));
        Assert.Equal([false, false, false, true], x.isfinite().Truths());
        Assert.Equal([true, false, false, false], x.isnan().Truths());
        x.nan_to_num_();
        Assert.Equal([0, double.MaxValue, double.MinValue, 3], x.Doubles());
    }

    [Fact]
    public void Comparisons_OfBothKinds_GiveTruthValues()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1, 2, 3);
        var y = Values.Vector(3, 2, 1);
        Assert.Equal([false, true, false], (x == y).Truths());
        Assert.Equal([true, false, false], (x < y).Truths());
        Assert.Equal([false, true, true], (x >= 2).Truths());
        Assert.Equal([true, false, false], (2 > x).Truths());
        Assert.Equal([true, false, true], (x != y).Truths());
        Assert.Equal([true, true, false], ((x < y) | (x == 2)).Truths());
        Assert.Equal([false, false, true], (~(x <= y)).Truths());
        Values.Close([1, 2, 1], where(x < y, x, y));
        Values.Close([1, 0, 0], x.masked_fill(x > 1, 0));
        Assert.True(x.Equals(Values.Vector(1, 2, 3)));
        Assert.False(x.Equals(y));
        Assert.True(x.allclose(x + 1e-9));
        Assert.False(x.allclose(x + 1e-3));
        Assert.True((x > 0).all().ToBoolean());
        Assert.False((x > 3).any().ToBoolean());
    }
}
