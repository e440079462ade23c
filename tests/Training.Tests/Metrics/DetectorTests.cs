using Atelier.Core;
using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Detectors;
using Atelier.Training.Tests.Data;
using static TorchSharp.torch;

namespace Atelier.Training.Tests.Metrics;

public sealed class DetectorTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public static string Inception => Path.Combine(AppContext.BaseDirectory, "Oracles", "tiny-inception.pt");

    public static string Vgg16 => Path.Combine(AppContext.BaseDirectory, "Oracles", "tiny-vgg16.pt");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Run_Flags_ChangeWhatIsReturned()
    {
        using var scope = NewDisposeScope();
        using var detector = ScriptDetector.Load(Inception, null, PublishedDetector.Inception.Flags, CPU);
        var images = full([2, 3, 24, 24], 100, ScalarType.Byte);

        Assert.Equal([2, 32], detector.Run(images, ("return_features", true)).shape);
        Assert.Equal([2, 10], detector.Run(images, ("no_output_bias", true)).shape);
        Assert.False(detector.Run(images, ("no_output_bias", true)).allclose(detector.Run(images, ("no_output_bias", false))));
    }

    [Fact]
    public void Run_AgainAndAgain_SameBits()
    {
        using var scope = NewDisposeScope();
        using var detector = ScriptDetector.Load(Vgg16, null, PublishedDetector.Vgg16.Flags, CPU);
        var images = arange(0, 2 * 3 * 32 * 32, ScalarType.Float32).view(2, 3, 32, 32).remainder(255);
        var first = detector.Run(images, ("resize_images", false), ("return_lpips", true));

        for (int i = 0; i < 4; i++)
            Assert.True(first.allclose(detector.Run(images, ("resize_images", false), ("return_lpips", true)), 0, 0), $"call {i}");
    }

    [Fact]
    public void Load_WrongSignature_NamesFileAndFlag()
    {
        var error = Assert.Throws<UserErrorException>(() => ScriptDetector.Load(Inception, null, ["return_lpips"], CPU));

        Assert.All(["tiny-inception.pt", "return_lpips", "no_output_bias"], part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Load_NoTorchScript_NamesTheFile()
    {
        var path = _folder.Write("inception.pt", [1, 2, 3]);

        Assert.Contains(path, Assert.Throws<UserErrorException>(() => ScriptDetector.Load(path, null, [], CPU)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_PublishedNameWithAnotherHash_NamesBothHashes()
    {
        _folder.Write(PublishedDetector.Inception.FileName, File.ReadAllBytes(Inception));

        var error = Assert.Throws<UserErrorException>(() => new DetectorFiles([_folder.Path]).Load(FeatureNet.Inception, "fid50k", CPU));

        Assert.Contains(PublishedDetector.Inception.Sha256, error.Message, StringComparison.Ordinal);
        Assert.Contains("SHA-256 is ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Files_Missing_SaysWhatToDownloadFromWhereAndWhereTo()
    {
        var error = Assert.Throws<UserErrorException>(() => new DetectorFiles([_folder.Path]).Load(FeatureNet.Vgg16, "pr50k3_full", CPU));

        Assert.All(
            ["pr50k3_full", PublishedDetector.Vgg16.Url, PublishedDetector.Vgg16.Sha256, Path.Combine(_folder.Path, "vgg16.pt"), "rfd"],
            part => Assert.Contains(part, error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Files_NamedFileOrTheOnlyOneOfItsKind_IsTaken()
    {
        _folder.Write("my-inception.pt", File.ReadAllBytes(Inception));

        using var ofFolder = new DetectorFiles([_folder.Path]).Load(FeatureNet.Inception, "fid50k", CPU);
        using var ofFile = new DetectorFiles([Vgg16, Inception]).Load(FeatureNet.Inception, "fid50k", CPU);

        Assert.Equal(ofFile.Sha256, ofFolder.Sha256);
    }

    [Fact]
    public void RandomFeatureNet_AnySize_SameNetEveryTime()
    {
        using var scope = NewDisposeScope();
        using var net = new RandomFeatureNet(CPU);
        using var again = new RandomFeatureNet(CPU);
        foreach (var (height, width) in new[] { (8, 8), (64, 64), (96, 128) })
        {
            var images = arange(0, 2 * 3 * height * width, ScalarType.Int64).remainder(251).view(2, 3, height, width).to(ScalarType.Byte);
            var features = net.Features(images);

            Assert.Equal([2, 512], features.shape);
            Assert.True(features.allclose(again.Features(images), 0, 0));
            Assert.True(features.isfinite().all().item<bool>());
        }
    }
}
