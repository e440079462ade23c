using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests.Tensors;

public sealed class DataTests
{
    [Fact]
    public void Data_OfAStridedView_ReadsAndWritesLogically()
    {
        using var scope = NewDisposeScope();
        var x = Values.Counting(2, 3);
        var data = x.t().data<double>();
        Assert.Equal(6, data.Count);
        Assert.Equal(4, data[1, 1]);
        Assert.Equal(3, data[1]);
        data[2, 1] = 50;
        data.CopyFrom([10, 30], tensorIndex: 0);
        Values.Close([10, 1, 2, 30, 4, 50], x);
        var copy = new double[4];
        data.CopyTo(copy, arrayIndex: 1, tensorIndex: 2);
        Assert.Equal([0, 1, 4, 2], copy);
        Assert.Equal([10, 30, 1, 4, 2, 50], data);
        Assert.Throws<IndexOutOfRangeException>(() => data[6]);
        Assert.Throws<IndexOutOfRangeException>(() => data[0, 2]);
    }

    [Fact]
    public void Data_AsAnotherType_IsRefused()
    {
        using var x = zeros(2);
        Assert.Throws<ArgumentException>(() => x.data<double>());
        Assert.Throws<ArgumentException>(() => x.item<float>());
        Assert.Throws<ArgumentException>(() => x[0].item<int>());
    }

    [Fact]
    public void Bytes_OfAContiguousTensor_AreItsMemory()
    {
        using var scope = NewDisposeScope();
        var x = zeros(2, 2);
        MemoryMarshal.Cast<byte, float>(x.bytes)[3] = 4;
        Values.Close([0, 0, 0, 4], x);
        x.bytes = MemoryMarshal.AsBytes<float>(new float[] { 1, 2, 3, 4 }.AsSpan());
        Values.Close([1, 2, 3, 4], x);
        Assert.Throws<InvalidOperationException>(() => x.t().bytes.Length);
        Assert.Throws<ArgumentException>(() => x.bytes = new byte[3]);
    }

    [Fact]
    public void Streams_OfBytes_RoundTrip()
    {
        using var scope = NewDisposeScope();
        var x = randn(3, 5);
        using var stream = new MemoryStream();
        x.WriteBytesToStream(stream);
        stream.Position = 0;
        var y = zeros_like(x);
        y.ReadBytesFromStream(stream);
        Assert.True(x.Equals(y));
        Assert.Throws<EndOfStreamException>(() => y.ReadBytesFromStream(stream));
    }

    [Fact]
    public void Conversions_BetweenTypes_FollowLibtorch()
    {
        using var scope = NewDisposeScope();
        var x = Values.Vector(1.75, -1.75, 0);
        Assert.Equal([1, -1, 0], x.@long().Longs());
        Assert.Equal([true, true, false], x.@bool().Truths());
        Assert.Equal(ScalarType.Float32, x.@float().dtype);
        Assert.Equal(ScalarType.Float16, x.half().dtype);
        Assert.Equal((Half)1.75, x.half().data<Half>()[0]);
        Assert.Equal(ScalarType.BFloat16, x.bfloat16().dtype);
        Assert.Equal(1.75, x[0].bfloat16().ToDouble());
        Assert.Equal(ScalarType.Byte, x.abs().@byte().dtype);
        Assert.Equal(2, x.half().ElementSize);
        Assert.Equal(ScalarType.Int32, x.type(int32).dtype);
        Assert.Equal(-1, x[1].ToInt64());
        Assert.Equal(1.75f, x[0].ToSingle());
    }

    [Fact]
    public void To_WithoutChange_SharesUnlessACopyIsAskedFor()
    {
        using var scope = NewDisposeScope();
        var x = zeros(1, float64);
        var same = x.to(float64);
        var copy = x.to(float64, copy: true);
        x.fill_(1);
        Assert.Equal(1, same.ToDouble());
        Assert.Equal(0, copy.ToDouble());
        var converted = x.to(float32, disposeAfter: true);
        Assert.True(x.IsInvalid);
        Assert.Equal(1, converted.ToDouble());
    }

    [Fact]
    public void Generators_OfOneSeed_DrawTheSame()
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(7);
        var first = randn(5, dtype: float64, generator: generator);
        var state = generator.get_state();
        var second = rand(5, generator: generator);
        generator.set_state(state);
        Assert.True(second.Equals(rand(5, generator: generator)));
        Assert.True(first.Equals(randn(5, dtype: float64, generator: generator.manual_seed(7))));
        Assert.Equal(7, generator.initial_seed());
        Assert.False(first.Equals(zeros(5, float64).normal_(generator: generator)));
        var uniform = zeros(1000).uniform_(2, 3, generator);
        Assert.InRange(uniform.min().ToDouble(), 2, 3);
        Assert.InRange(uniform.max().ToDouble(), 2, 3);
    }

    [Fact]
    public void ToScalar_OfEachKind_KeepsIt()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.Bool, tensor(true).ToScalar().Type);
        Assert.Equal(ScalarType.Int64, tensor(3).ToScalar().Type);
        Assert.Equal(ScalarType.Float64, tensor(3f).ToScalar().Type);
        Assert.Equal(9007199254740993, tensor(9007199254740993L).ToInt64());
        Assert.Equal(3, 3.9.ToScalar().ToInt32());
        Assert.True(1.ToScalar().ToBoolean());
    }
}
