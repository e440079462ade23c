using System.Reflection;

namespace Atelier.Architecture.Tests;

/// <summary>
/// TorchSharp does not hold the Scalars it makes of numbers until libtorch has read them
/// (docs/decisions/0011-torchsharp.md), so all arithmetic with numbers goes through TensorArithmetic.
/// </summary>
public sealed class TensorNumberTests
{
    private static readonly string[] Allowed =
    [
        "Atelier.Training.Interop.TensorArithmetic",
        "Atelier.Training.Metrics.Detectors.ScriptDetector", // a script's arguments here are tensors and flags, of which TorchSharp makes no Scalar
    ];

    [Theory]
    [InlineData("Atelier.Training")]
    [InlineData("Atelier.Worker")]
    [InlineData("Atelier.Coordinator")]
    [InlineData("atelier")]
    public void Methods_WithTensorsAndNumbers_KeepTheNumbersAlive(string assembly)
    {
        var unsafeCalls = MethodsThatMakeScalars();
        Assert.True(unsafeCalls.Count > 100, "TorchSharp's Scalars were not found");
        Assert.Empty(
            from method in CompiledCalls.MethodsOf(assembly)
            where !Allowed.Contains(method.DeclaringType!.FullName)
            from called in CompiledCalls.CallsOf(method)
            where unsafeCalls.Contains(called)
            select $"{method.DeclaringType}.{method.Name} calls {called.DeclaringType}.{called}");
    }

    /// <summary>Scalar's conversions and constructors, and all of TorchSharp that comes to call them.</summary>
    private static HashSet<MethodBase> MethodsThatMakeScalars()
    {
        var methods = CompiledCalls.MethodsOf("TorchSharp").ToList();
        var found = methods.Where(method => method.DeclaringType!.FullName is "TorchSharp.Scalar" or "TorchSharp.ScalarExtensionMethods" && (method.IsConstructor || method.IsStatic)).ToHashSet();
        var callers = methods.SelectMany(method => CompiledCalls.CallsOf(method).Select(called => (method, called))).ToLookup(pair => pair.called, pair => pair.method);
        for (var next = found.ToList(); next.Count > 0;)
            next = [.. next.SelectMany(called => callers[called]).Where(found.Add)];
        return found;
    }
}
