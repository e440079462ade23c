using System.Diagnostics;
using Atelier.TestKit;
using Atelier.Training.Imaging;

namespace Atelier.Cli.Tests.Commands;

/// <summary>What is done with images before training, as commands.</summary>
public sealed class DatasetTests : IDisposable
{

    private readonly TemporaryFolder _folder = new();

    private string Images => _folder["images"];

    private string Zip => _folder["set.zip"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Convert_Folder_MakesAZipThatCheckAndTrainTake()
    {
        TestImages.WriteFolder(Images, 9, 40);

        var converted = Assert.Single(AtelierProcess.Run("dataset", "convert", Images, "--out", Zip, "--resolution", "16", "--crop", "center-crop", "--json").Succeeded().Json);
        var check = Assert.Single(AtelierProcess.Run("dataset", "check", Zip, "--picture", _folder["samples.png"], "--json").Succeeded().Json);
        var train = AtelierProcess.Run("train", "--data", Zip, "--out", _folder["run"], "--recipe", "demo", "--set", "resolution=auto", "--dry-run").Succeeded();

        Assert.Equal(9, converted.GetProperty("images").GetInt32());
        Assert.Equal("16x16", converted.GetProperty("resolution").GetString());
        Assert.Equal(0, converted.GetProperty("skipped").GetInt32());
        Assert.Equal((9, "16x16", true), (check.GetProperty("images").GetInt32(), check.GetProperty("resolution").GetString(), check.GetProperty("trainable").GetBoolean()));
        Assert.Equal(new ImageSize(8 * 64, 2 * 64), ImageCodec.Decode(File.ReadAllBytes(_folder["samples.png"]), RgbColor.White).Size);
        Assert.Contains(train.Output, line => line.Contains("16", StringComparison.Ordinal));
    }

    [Fact]
    public void Convert_BadImages_AreNamedAndCounted()
    {
        TestImages.WriteFolder(Images, 3, 8);
        File.WriteAllBytes(Path.Combine(Images, "broken.png"), [1, 2, 3]);

        Complaint.IsOf(AtelierProcess.Run("dataset", "convert", Images, "--out", Zip), "broken.png", "--bad-images skip");
        var result = AtelierProcess.Run("dataset", "convert", Images, "--out", Zip, "--bad-images", "skip").Succeeded();

        Assert.Contains(result.Output, line => line.StartsWith("left out: broken.png: ", StringComparison.Ordinal));
        Assert.Equal("skipped: 1 (1 unreadable, 0 too small)", result.Output[^1]);
    }

    [Fact]
    public void Check_BadImages_NamesEveryOneAndFails()
    {
        TestImages.WriteFolder(Images, 3, 8);
        File.WriteAllBytes(Path.Combine(Images, "a.png"), []);
        File.WriteAllBytes(Path.Combine(Images, "b.jpg"), [1, 2, 3]);
        File.Copy(Path.Combine(Images, "0000.png"), Path.Combine(Images, "copy.png"));

        var result = AtelierProcess.Run("dataset", "check", Images);

        Assert.Equal(2, result.ExitCode);
        Assert.Equal(["BAD a.png", "BAD b.jpg"], result.Output.Where(line => line.StartsWith("BAD", StringComparison.Ordinal)).Select(line => line.Split(':')[0]));
        Assert.Contains(result.Output, line => line.StartsWith("duplicates   1 (copy.png = 0000.png)", StringComparison.Ordinal));
        Assert.Contains(result.Output, line => line.StartsWith("images       4 (", StringComparison.Ordinal));
    }

    [Fact]
    public void Check_OtherFilesAndLabelsFromOne_AreSaid()
    {
        TestImages.WriteFolder(Images, 2, 8);
        File.WriteAllText(Path.Combine(Images, "._0000.png"), "x");
        File.WriteAllText(Path.Combine(Images, "notes.txt"), "x");
        File.WriteAllText(Path.Combine(Images, "dataset.json"), """{"labels": [["0000.png", 1], ["0001.png", 2]]}""");

        var text = AtelierProcess.Run("dataset", "check", Images).Succeeded();
        var json = Assert.Single(AtelierProcess.Run("dataset", "stats", Images, "--json").Succeeded().Json);

        Assert.Contains("ignored      2 files: 1 .txt files (notes.txt), 1 hidden files (._0000.png)", text.Output);
        Assert.Contains(text.Output, line => line.StartsWith("warning      classes are numbered from 1 to 2", StringComparison.Ordinal));
        Assert.Contains(text.Output, line => line.StartsWith("labels       3 classes", StringComparison.Ordinal) && line.EndsWith("`train --set labels=true` trains on them", StringComparison.Ordinal));
        Assert.Equal([1, 1], json.GetProperty("ignored").EnumerateArray().Select(kind => kind.GetProperty("files").GetInt32()));
    }

    [Fact]
    public void Check_ImageBomb_IsRefusedByName()
    {
        TestImages.WriteFolder(Images, 2, 8);

        var result = AtelierProcess.Run("dataset", "check", Images, "--max-megapixels", "0.00006");

        Assert.Contains(result.Output, line => line.StartsWith("BAD 0001.png: 8x8 pixels are ", StringComparison.Ordinal) && line.EndsWith("(raise max-megapixels to allow more)", StringComparison.Ordinal));
        Complaint.IsOf(AtelierProcess.Run("dataset", "check", Images, "--max-megapixels", "501"), "--max-megapixels 501", "at most 500");
    }

    [Fact]
    public void Check_MixedSizes_GivesACommandThatWorks()
    {
        TestImages.WriteFolder(Images, 2, 24);
        File.WriteAllBytes(Path.Combine(Images, "other.png"), ImageCodec.EncodePng(TestImages.Disc(1, 17)));

        var result = AtelierProcess.Run("dataset", "check", Images).Succeeded();
        var command = result.Output[^1].Split("first atelier ")[1].Split(' ');
        command[Array.IndexOf(command, "--out") + 1] = Zip;
        AtelierProcess.Run(command).Succeeded();

        Assert.Equal("16", command[Array.IndexOf(command, "--resolution") + 1]);
        Assert.True(File.Exists(Zip));
    }

    [Fact]
    public void Stats_Labels_AreCounted()
    {
        TestImages.WriteFolder(Images, 3, 8);
        File.WriteAllText(Path.Combine(Images, "dataset.json"), """{"labels": [["0000.png", 1], ["0001.png", 1], ["0002.png", 0]]}""");

        var text = AtelierProcess.Run("dataset", "stats", Images).Succeeded();
        var json = Assert.Single(AtelierProcess.Run("dataset", "stats", Images, "--json").Succeeded().Json);

        Assert.Contains(text.Output, line => line.Trim().StartsWith("1          2 ###", StringComparison.Ordinal));
        Assert.Equal([1, 2], json.GetProperty("images_per_class").EnumerateArray().Select(n => n.GetInt32()));
        Assert.Equal(3, json.GetProperty("mean").GetArrayLength());
        Assert.Equal(64, json.GetProperty("sha256").GetString()!.Length);
    }

    [Theory]
    [InlineData("dataset convert emoji:squirrels:16 --out x.zip", "emoji:squirrels:16", "emoji:faces:32")]
    [InlineData("dataset convert nowhere --out x.zip", "nowhere", "no such folder")]
    [InlineData("dataset check nowhere", "nowhere", "no such folder")]
    [InlineData("dataset stats nowhere", "nowhere", "no such folder")]
    [InlineData("dataset convert x --out y.zip --resolution 12by3", "--resolution", "12by3", "512x384")]
    [InlineData("dataset convert x --out y.zip --crop middle", "--crop", "middle", "center-crop")]
    [InlineData("dataset convert x --out y.zip --max-images 0", "--max-images", "0")]
    [InlineData("dataset convert x --out y.zip --jobs 0", "--jobs", "0")]
    [InlineData("dataset convert x --out y.zip --background blue", "--background", "blue", "RRGGBB")]
    [InlineData("dataset convert x", "--out")]
    public void CommandLine_ThatCannotBe_OneLineWithAHint(string line, params string[] parts) =>
        Complaint.IsOf(AtelierProcess.Run(line.Split(' ')), parts);

    [Fact]
    public void Convert_Interrupted_SaysSoAndGoesOn()
    {
        Assert.SkipWhen(AtelierProcess.Ignores(2), "SIGINT is ignored by the process that started the tests, and so by what it starts");
        TestImages.WriteFolder(Images, 60, 64);
        // Many times the same files: enough to be at work when the signal comes.
        foreach (var file in Directory.GetFiles(Images))
        {
            for (var i = 0; i < 100; i++)
                File.CreateSymbolicLink(Path.Combine(Images, $"{i:000}-{Path.GetFileName(file)}"), file);
        }
        string[] command = ["dataset", "convert", Images, "--out", Zip, "--resolution", "128", "--jobs", "1"];

        using var process = AtelierProcess.Start(command);
        Assert.True(process.SpinUntil(() => Directory.EnumerateFiles(_folder.Path, "*.partial").Any(file => new FileInfo(file).Length > 0)));
        process.Signal("INT");
        var stopped = process.WaitForExit();
        var result = AtelierProcess.Run([.. command, "--json"]).Succeeded();

        Assert.Equal(130, stopped.ExitCode);
        Assert.Contains("run the same command again to continue", Assert.Single(stopped.Errors), StringComparison.Ordinal);
        Assert.InRange(result.Json[0].GetProperty("already_there").GetInt32(), 1, 6059);
        Assert.Equal(6060, result.Json[0].GetProperty("images").GetInt32());
    }

    [Fact]
    public void Convert_DiskFull_SaysSoAndGoesOnWhenThereIsRoom()
    {
        TestImages.WriteFolder(Images, 40, 64);
        var small = Directory.CreateDirectory(_folder["small"]).FullName;
        Assert.SkipUnless(Succeeds("mount", "-t", "tmpfs", "-o", "size=1500k", "tmpfs", small), "this process may not mount a file system");
        try
        {
            string[] command = ["dataset", "convert", Images, "--out", Path.Combine(small, "set.zip"), "--resolution", "128"];

            var full = AtelierProcess.Run(command);
            Assert.True(Succeeds("mount", "-o", "remount,size=16m", small));
            var result = AtelierProcess.Run([.. command, "--json"]).Succeeded();

            Assert.Equal(1, full.ExitCode);
            Assert.Contains("the disk is full after", Assert.Single(full.Errors), StringComparison.Ordinal);
            Assert.InRange(result.Json[0].GetProperty("already_there").GetInt32(), 1, 39);
            Assert.Equal(40, result.Json[0].GetProperty("images").GetInt32());
        }
        finally
        {
            Assert.True(Succeeds("umount", small));
        }
    }

    private static bool Succeeds(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
