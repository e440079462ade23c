using Atelier.TestKit;

namespace Atelier.Cli.Tests.Training;

/// <summary>A state's bits do not depend on the processor: shown by taking instruction sets from it.</summary>
public sealed class ProcessorTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("DOTNET_EnableAVX512=0")]
    [InlineData("DOTNET_EnableAVX2=0")]
    [InlineData("DOTNET_EnableFMA=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void Train_WithoutAnInstructionSet_SameStates(string without)
    {
        using var process = AtelierProcess.Start(TinyRun.Train(finished.Data, _folder["run"], FinishedRun.Images), "env", without);
        process.WaitForExit().Succeeded();

        Assert.Equal(FinishedRun.Snapshots(finished.Path), FinishedRun.Snapshots(_folder["run"]));
    }

    /// <summary>With as many channels as Winograd's convolutions take, and augmentation.</summary>
    [Fact]
    public void Train_WideNetworksWithoutAvx2_SameState()
    {
        string[] Command(string name) => TinyRun.Train(finished.Data, _folder[name], 2 * TinyRun.Batch, TinyRun.Set("channel-base=512", "channel-max=64", "aug=fixed", "aug-p=0.6"));
        var expected = AtelierProcess.Run(Command("all")).Succeeded().StateSha256;
        using var process = AtelierProcess.Start(Command("fewer"), "env", "DOTNET_EnableAVX2=0");

        Assert.Equal(expected, process.WaitForExit().Succeeded().StateSha256);
    }

    [Theory]
    [InlineData("DOTNET_EnableAVX2=0")]
    [InlineData("DOTNET_EnableHWIntrinsic=0")]
    public void Doctor_WithoutAvx2_RunsThePortableKernels(string without)
    {
        using var process = AtelierProcess.Start(["doctor"], "env", without);

        Assert.Contains(process.WaitForExit().Succeeded().Output, line => line.StartsWith("CPU kernels", StringComparison.Ordinal) && line.Contains("portable", StringComparison.Ordinal));
    }

    public void Dispose() => _folder.Dispose();
}
