using System.Runtime.InteropServices;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Where commands compute, and with which ops.</summary>
public sealed class DeviceTests(FinishedRun finished) : IDisposable
{
    private static readonly string Reference = Path.Combine(AppContext.BaseDirectory, "Oracles", "network.orig-orig-8.safetensors");

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("train --data nowhere --out OUT --device cuda")]
    [InlineData("train --data nowhere --out OUT --device cuda:1 --workers 2")]
    [InlineData("demo --out OUT --device cuda")]
    [InlineData("worker --coordinator http://127.0.0.1:1 --device cuda")]
    [InlineData("generate --network nowhere --out OUT --device cuda")]
    [InlineData("bench step --res 8 --channel-base 64 --channel-max 8 --batch 4 --device cuda")]
    public void Cuda_NoGpuHere_OneLineSaysWhatIsMissingBeforeAnythingElse(string line)
    {
        if (NativeLibrary.TryLoad("libcuda.so.1", out _))
            Assert.Skip("this machine has NVIDIA's driver");

        var result = AtelierProcess.Run(line.Replace("OUT", _folder["out"], StringComparison.Ordinal).Split(' '));

        Complaint.IsOf(result, "--device cuda", "NVIDIA driver", "AtelierDevice=cuda");
        Assert.Empty(result.Output);
        Assert.False(Path.Exists(_folder["out"]));
    }

    [Theory]
    [InlineData("train --data nowhere --out OUT --device toaster")]
    [InlineData("worker --coordinator http://127.0.0.1:1 --device cuda:x")]
    public void Device_NoneOfThatName_SaysWhichThereAre(string line) =>
        Complaint.IsOf(AtelierProcess.Run(line.Replace("OUT", _folder["out"], StringComparison.Ordinal).Split(' ')), "--device", "cpu, cuda or cuda:N");

    [Fact]
    public void Kernels_PlainOracle_WithinToleranceAndOtherwiseThanByKernels()
    {
        var plain = AtelierProcess.Run("oracle", Reference, "--dtype", "float32", "--kernels", "plain").Succeeded();
        var kernels = AtelierProcess.Run("--kernels", "auto", "oracle", Reference, "--dtype", "float32").Succeeded();

        Assert.NotEqual(kernels.Output, plain.Output);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)] // in processes of their own
    public void Kernels_PlainTraining_IsSaidAndHasAFingerprintOfItsOwn(int workers)
    {
        string[] Train(int images) => TinyRun.Train(finished.Data, _folder["run"], images, "--workers", $"{workers}");

        var plain = AtelierProcess.Run([.. Train(8), "--kernels", "plain"]).Succeeded();
        Assert.Contains("plain ops", plain.Output[0], StringComparison.Ordinal);

        Complaint.IsOf(AtelierProcess.Run(Train(16)), "with plain ops", "--accept-new-numerics");
        AtelierProcess.Run([.. Train(16), "--kernels", "plain"]).Succeeded();
    }

    public void Dispose() => _folder.Dispose();
}
