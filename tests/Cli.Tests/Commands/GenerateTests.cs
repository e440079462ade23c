using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Pictures from a trained generator.</summary>
public sealed class GenerateTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Generate_Seeds_APictureEach()
    {
        var result = Generate(finished.Path, "pictures", "--seeds", "3-5,85");

        Assert.Equal(["seed0003.png", "seed0004.png", "seed0005.png", "seed0085.png"], result.Output.Select(Path.GetFileName));
        Assert.All(result.Output, file => Assert.Equal(ImageSize.Square(TinyRun.Side), Decode(file).Size));
        Assert.NotEqual(Decode(result.Output[0]).Planes, Decode(result.Output[1]).Planes);
    }

    [Fact]
    public void Generate_OneSeedAloneOrAmongOthers_SamePicture()
    {
        var alone = Decode(Generate(finished.Path, "alone", "--seeds", "5").Output.Single());
        var among = Decode(Generate(finished.Path, "among", "--seeds", "0-8").Output[5]);

        // A batch of another size may round otherwise; a level of 255 is as far as that can be seen.
        Assert.All(alone.Planes.Zip(among.Planes), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Fact]
    public void Generate_Grid_OnePictureOfAll()
    {
        Generate(finished.Path, "grid.png", "--seeds", "0-4", "--grid");

        var grid = Decode(_folder["grid.png"]);
        // Enlarged until it can be looked at, with captions above and beside it.
        int zoom = 512 / (3 * TinyRun.Side);
        Assert.Equal((3 * TinyRun.Side * zoom, 2 * TinyRun.Side * zoom), (grid.Width - CaptionWidth("0-2"), grid.Height - 28));
        Assert.Equal(ImageGrid.Background, grid.At(grid.Width - 1, grid.Height - 1));
    }

    [Fact]
    public void Generate_PngForOneSeed_ThatFile()
    {
        Generate(finished.Path, "one.png", "--seeds", "4");

        Assert.Equal(ImageSize.Square(TinyRun.Side), Decode(_folder["one.png"]).Size);
    }

    [Fact]
    public void Generate_PngForSeveralSeedsWithoutGrid_SaysHow()
    {
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", finished.Path, "--out", _folder["one.png"], "--seeds", "4-5"), "one.png", "--grid");
        Assert.False(Path.Exists(_folder["one.png"]));
    }

    [Fact]
    public void Generate_ExportOfARun_SamePicturesAsTheRun()
    {
        var ofRun = Generate(finished.Path, "run", "--seeds", "0-3");
        var ofFile = Generate(finished.Export, "file", "--seeds", "0-3");

        Assert.Equal(ofRun.Output.Select(File.ReadAllBytes), ofFile.Output.Select(File.ReadAllBytes));
    }

    [Fact]
    public void Generate_TruncatedToTheMean_SamePictureForAllSeeds()
    {
        var pictures = Generate(finished.Path, "mean", "--seeds", "0-2", "--trunc", "0").Output.Select(file => Decode(file).Planes).ToList();

        Assert.All(pictures, picture => Assert.All(picture.Zip(pictures[0]), pair => Assert.InRange(pair.First - pair.Second, -1, 1)));
    }

    [Fact]
    public void Generate_OneSnapshot_ThatOfItsFolder()
    {
        var last = Generate(finished.Path, "last", "--seeds", "0");
        var named = Generate(Path.Combine(finished.Path, "snapshots", "000000.096"), "named", "--seeds", "0");
        var earlier = Generate(Path.Combine(finished.Path, "snapshots", "000000.016"), "earlier", "--seeds", "0");

        Assert.Equal(File.ReadAllBytes(last.Output[0]), File.ReadAllBytes(named.Output[0]));
        Assert.NotEqual(File.ReadAllBytes(last.Output[0]), File.ReadAllBytes(earlier.Output[0]));
    }

    [Fact]
    public void Generate_NetworkWithLabels_NeedsAClass()
    {
        TestImages.WriteFolder(_folder["data"], 4, TinyRun.Side);
        File.WriteAllText(_folder[Path.Combine("data", "dataset.json")], """{"labels": [["0000.png", 0], ["0001.png", 1], ["0002.png", 0], ["0003.png", 2]]}""");
        AtelierProcess.Run(TinyRun.Train(_folder["data"], _folder["run"], TinyRun.Batch, "--set", "labels=true")).Succeeded();

        var some = Generate(_folder["run"], "some", "--seeds", "0", "--class", "0");
        var other = Generate(_folder["run"], "other", "--seeds", "0", "--class", "2");

        Assert.NotEqual(File.ReadAllBytes(some.Output.Single()), File.ReadAllBytes(other.Output.Single()));
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", _folder["run"], "--out", _folder["none"]), "--class", "0 to 2");
    }

    [Theory]
    [InlineData("--seeds", "x", "`x`", "0-15,85")]
    [InlineData("--seeds", "5-3", "`5-3`", "0-15,85")]
    [InlineData("--seeds", "", "no seeds", "0-15,85")]
    [InlineData("--class", "1", "no classes", "--class")]
    [InlineData("--trunc", "half", "--trunc", "`half`", "a number")]
    [InlineData("--noise-mode", "loud", "--noise-mode", "loud", "const")]
    [InlineData("--device", "toaster", "toaster", "cpu")]
    public void Generate_BadOption_NamesItAndWhatItTakes(string option, string value, params string[] parts)
    {
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", finished.Export, "--out", _folder["pictures"], option, value), parts);
        Assert.False(Directory.Exists(_folder["pictures"]));
    }

    [Fact]
    public void Generate_MissingNetwork_IsNamed() =>
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", _folder["nowhere"], "--out", _folder["pictures"]), _folder["nowhere"], ".safetensors");

    [Fact]
    public void Generate_FolderWithoutSnapshots_IsNamed() =>
        Complaint.IsOf(AtelierProcess.Run("generate", "--network", finished.Data, "--out", _folder["pictures"]), finished.Data, "no complete snapshot");

    [Fact]
    public void Generate_FileThatIsNoNetwork_IsNamed()
    {
        File.WriteAllText(_folder["file.safetensors"], "something else altogether");

        Complaint.IsOf(AtelierProcess.Run("generate", "--network", _folder["file.safetensors"], "--out", _folder["pictures"]), "file.safetensors", "safetensors");
    }

    public void Dispose() => _folder.Dispose();

    private static int CaptionWidth(string longest) => (9 * longest.Length) + 8;

    private static RgbImage Decode(string file) => ImageCodec.Decode(File.ReadAllBytes(file), RgbColor.White);

    private AtelierResult Generate(string network, string output, params string[] more) =>
        AtelierProcess.Run(["generate", "--network", network, "--out", _folder[output], .. more]).Succeeded();
}
