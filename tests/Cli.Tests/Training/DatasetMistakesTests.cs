using System.IO.Compression;
using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Training;

/// <summary>Data that cannot be trained on: named, with what to change, and nothing is left behind.</summary>
public sealed class DatasetMistakesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder["data"];

    [Fact]
    public void Train_UnreadableImage_IsNamed()
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        File.WriteAllText(Path.Combine(Data, "0007.png"), "no picture");

        Refused(Data, "0007.png", "--bad-images skip");
    }

    [Fact]
    public void Train_ImageCutShort_IsNamed()
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        var image = Path.Combine(Data, "0003.png");
        var bytes = File.ReadAllBytes(image);
        File.WriteAllBytes(image, bytes[..(bytes.Length / 2)]);

        Refused(Data, "0003.png", "--bad-images skip");
    }

    [Fact]
    public void Train_UnreadableImageSkipped_TrainsAndRecordsIt()
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        File.WriteAllText(Path.Combine(Data, "0007.png"), "no picture");

        var result = AtelierProcess.Run(TinyRun.Train(Data, _folder["run"], TinyRun.Batch, "--bad-images", "skip")).Succeeded();

        Assert.Contains("0007.png", result.Text, StringComparison.Ordinal);
        Assert.Contains(File.ReadLines(_folder[Path.Combine("run", "events.jsonl")]), line =>
            line.Contains("bad-image-skipped", StringComparison.Ordinal) && line.Contains("0007.png", StringComparison.Ordinal));
    }

    [Fact]
    public void Train_LabelsAndOtherFiles_AreSaidToBeUnused()
    {
        TestImages.WriteFolder(Data, 2, TinyRun.Side);
        File.WriteAllText(Path.Combine(Data, "notes.txt"), "x");
        File.WriteAllText(Path.Combine(Data, "dataset.json"), """{"labels": [["0000.png", 0], ["0001.png", 1]]}""");

        var result = AtelierProcess.Run(TinyRun.Train(Data, _folder["run"], TinyRun.Batch)).Succeeded();

        var said = result.Json.Where(line => line.TryGetProperty("say", out _)).Select(line => line.GetProperty("say").GetString());
        Assert.Contains($"{Data} has labels (2 classes), which this run does not use; pass `--set labels=true` to train on them", said);
        Assert.Contains($"{Data}: ignored, not images: 1 file: 1 .txt files (notes.txt)", said);
    }

    [Fact]
    public void Train_MixedSizes_NamesTwoImagesAndTheirSizes()
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        File.WriteAllBytes(Path.Combine(Data, "0009.png"), ImageCodec.EncodePng(TestImages.Disc(9, 16)));

        Refused(Data, "0000.png", "8x8", "0009.png", "16x16", "--set resolution=8 --set resize=fit");
    }

    [Fact]
    public void Train_MixedSizesWithTheAdviceTaken_Trains()
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        File.WriteAllBytes(Path.Combine(Data, "0009.png"), ImageCodec.EncodePng(TestImages.Disc(9, 16)));

        AtelierProcess.Run(TinyRun.Train(Data, _folder["run"], TinyRun.Batch, "--set", "resolution=8", "--set", "resize=fit")).Succeeded();
    }

    [Theory]
    [InlineData(30)]
    [InlineData(68)]
    public void Train_SizeThatCannotWork_SaysWhatToPass(int side)
    {
        TestImages.WriteFolder(Data, 4, side);

        Refused(Data, $"{side}x{side}", "--set resize=fit");
    }

    [Fact]
    public void Train_EmptyFolder_SaysWhatIsRead()
    {
        Directory.CreateDirectory(Data);

        Refused(Data, Data, "PNG");
    }

    [Fact]
    public void Train_MissingFolder_IsNamed() => Refused(Data, Data, "no such folder");

    [Theory]
    [InlineData(0.9)]
    [InlineData(0.1)]
    public void Train_ZipCutShort_IsNamed(double kept)
    {
        TestImages.WriteFolder(Data, 12, TinyRun.Side);
        var zip = _folder["images.zip"];
        ZipFile.CreateFromDirectory(Data, zip);
        var bytes = File.ReadAllBytes(zip);
        File.WriteAllBytes(zip, bytes[..(int)(bytes.Length * kept)]);

        Refused(zip, zip, "truncated", "unzip -t");
    }

    [Fact]
    public void Train_LabelsThatMissFiles_NamesTheFirst()
    {
        TestImages.WriteFolder(Data, 4, TinyRun.Side);
        File.WriteAllText(Path.Combine(Data, "dataset.json"), """{"labels": [["0000.png", 0], ["0001.png", 1], ["0003.png", 1]]}""");

        Refused(Data, "dataset.json", "0002.png", "1 of 4");
    }

    [Fact]
    public void Train_LabelsOfFilesThatAreNotThere_NamesTheFirst()
    {
        TestImages.WriteFolder(Data, 2, TinyRun.Side);
        File.WriteAllText(Path.Combine(Data, "dataset.json"), """{"labels": [["0000.png", 0], ["0001.png", 1], ["gone.png", 1]]}""");

        Refused(Data, "dataset.json", "gone.png");
    }

    public void Dispose() => _folder.Dispose();

    private void Refused(string data, params string[] parts)
    {
        string[] labels = File.Exists(Path.Combine(data, "dataset.json")) ? ["--set", "labels=true"] : [];
        Complaint.IsOf(AtelierProcess.Run(TinyRun.Train(data, _folder["run"], TinyRun.Batch, labels)), parts);
        Assert.False(Directory.Exists(_folder["run"]));
    }
}
