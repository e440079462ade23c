namespace Atelier.Architecture.Tests;

/// <summary>
/// What a training step consists of reads a device's numbers through one place, which can refuse: a read makes the host wait
/// for all that is queued (docs/gpu.md).
/// </summary>
public sealed class ReadBackTests
{
    private static readonly string[] OfAStep = ["Augmentation", "Losses", "Networks", "Ops", "Randomness", "Step"];

    private static readonly string[] Allowed =
    [
        "Atelier.Training.Ops.OpSelfCheck", // compares results, between runs
    ];

    [Fact]
    public void Steps_ReadFromDevices_ThroughReadBackAlone()
    {
        var methods = CompiledCalls.MethodsOf("Atelier.Training").ToList();
        var reading = methods.SelectMany(CompiledCalls.CallsOf).Where(called => called.DeclaringType?.FullName == "TorchSharp.torch+Tensor" && called.Name is "item" or "cpu").ToHashSet();
        Assert.True(reading.Count >= 2, "TorchSharp's reads were not found");
        Assert.Empty(
            from method in methods
            let type = method.DeclaringType!.FullName!
            where OfAStep.Any(part => type.StartsWith($"Atelier.Training.{part}.", StringComparison.Ordinal)) && !Allowed.Any(allowed => type.StartsWith(allowed, StringComparison.Ordinal))
            from called in CompiledCalls.CallsOf(method)
            where reading.Contains(called)
            select $"{type}.{method.Name} calls {called}");
    }
}
