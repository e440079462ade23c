using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.TorchSharp.Tests;

/// <summary>On <c>data/script.pt</c>, which <c>data/script.py</c> wrote.</summary>
public sealed class ScriptModuleTests
{
    private static readonly string Path = System.IO.Path.Combine(AppContext.BaseDirectory, "data", "script.pt");

    [Fact]
    public void Forward_InEachMode_RunsTheScript()
    {
        using var scope = NewDisposeScope();
        using var module = jit.load(Path);
        var x = tensor(new float[] { 1, 1 }, [1, 2]);
        Assert.True(module.training);
        Values.Close([28, 52], (Tensor)module.forward(x)!);
        module.eval();
        Assert.False(module.training);
        Values.Close([14, 26], (Tensor)module.call(x)!);
        module.train();
        Assert.True(module.training);
    }

    [Fact]
    public void Load_FromBytes_GivesTheSameModule()
    {
        using var scope = NewDisposeScope();
        using var module = jit.load(File.ReadAllBytes(Path));
        module.eval();
        Values.Close([10, 20], (Tensor)module.forward(zeros(1, 2))!);
    }

    [Fact]
    public void Invoke_OfMethods_PassesAndReturnsEachKind()
    {
        using var scope = NewDisposeScope();
        using var module = jit.load(Path);
        var x = tensor(new float[] { 1, 2 });
        var (scaled, sum) = ((Tensor, Tensor))module.invoke("pair", x, 3.0)!;
        Values.Close([3, 6], scaled);
        Assert.Equal(3, sum.ToDouble());
        var parts = (Tensor[])module.invoke("parts", x)!;
        Assert.Equal([1, 2, 3], parts.Select(part => part.ToDouble()));
        Values.Close([2, 4, 2, 4], (Tensor)module.invoke("joined", new[] { x, x }, true)!);
        Assert.Equal(2, ((Scalar)module.invoke("count", x)!).ToInt64());
    }

    [Fact]
    public void To_AnotherType_ConvertsTheParameters()
    {
        using var scope = NewDisposeScope();
        using var module = jit.load(Path).to(float64);
        module.eval();
        var y = (Tensor)module.forward(zeros(1, 2, float64))!;
        Assert.Equal(ScalarType.Float64, y.dtype);
        Values.Close([10, 20], y);
        Assert.Same(module, module.to(CPU));
    }

    [Fact]
    public void Failures_OfScripts_NameTheMethodAndItsTensors()
    {
        using var scope = NewDisposeScope();
        using var module = jit.load(Path);
        var error = Assert.Throws<ExternalException>(() => module.forward(zeros(3, 3)));
        Assert.StartsWith("forward(float32[3, 3]): ", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Throws<ExternalException>(() => module.invoke("missing", zeros(1)));
        Assert.Throws<NotSupportedException>(() => module.forward("text"));
        Assert.Throws<FileNotFoundException>(() => jit.load("no such file"));
        Assert.Throws<ExternalException>(() => jit.load(new byte[] { 1, 2, 3 }));
    }
}
