using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>What a machine can do, as <c>doctor</c> tells it.</summary>
public sealed class DoctorTests
{
    [Fact]
    public void Doctor_ThisMachine_ChecksEveryOp()
    {
        var result = AtelierProcess.Run("doctor").Succeeded();

        Assert.All(new[] { "libtorch", "numerics", "TorchSharp", "CUDA", "CPU kernels" }, row => Assert.Contains(result.Output, line => line.StartsWith(row, StringComparison.Ordinal)));
        Assert.Contains(result.Output, line => line.StartsWith("  ok ", StringComparison.Ordinal));
        Assert.DoesNotContain("FAILED", result.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_UnknownDevice_IsNamed() => Complaint.IsOf(AtelierProcess.Run("doctor", "--device", "toaster"), "toaster", "cpu");
}
