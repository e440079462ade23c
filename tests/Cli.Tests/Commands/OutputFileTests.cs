using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Files are what their ending says, and none is replaced unasked.</summary>
public sealed class OutputFileTests(FinishedRun finished) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("export {run} --out {out}.pkl", ".pkl", ".safetensors or .onnx")]
    [InlineData("export {run} --out {out}", "no extension", ".safetensors or .onnx")]
    [InlineData("import {file} --out {out}.pt", ".pt", ".safetensors")]
    [InlineData("generate --network {file} --out {out}.gif --seeds 1", ".gif", ".png, .jpg, .jpeg or .webp")]
    [InlineData("generate --network {file} --out {out} --seeds 0-3 --grid", "no extension", ".png")]
    [InlineData("mix --network {file} --out {out}.tiff", ".tiff", ".png")]
    [InlineData("video --network {file} --out {out}.avi", ".avi", ".webp")]
    [InlineData("dataset convert {data} --out {out}.tar", ".tar", ".zip")]
    public void Out_WithAnEndingThatIsNotWritten_IsRefused(string command, params string[] parts)
    {
        Complaint.IsOf(AtelierProcess.Run(Split(command)), [.. parts, _folder["out"]]);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Theory]
    [InlineData("out.safetensors", "export {run} --out {out}.safetensors")]
    [InlineData("out.onnx", "export {run} --out {out}.onnx")]
    [InlineData("out.safetensors", "import {file} --out {out}.safetensors")]
    [InlineData("out.jpg", "generate --network {file} --out {out}.jpg --seeds 1")]
    [InlineData("out/seed0001.png", "generate --network {file} --out {out} --seeds 1")]
    [InlineData("out.webp", "mix --network {file} --out {out}.webp")]
    [InlineData("out.webp", "video --network {file} --out {out}.webp --frames 3")]
    [InlineData("out.zip", "dataset convert {data} --out {out}.zip")]
    public void Out_ThatExists_IsKeptWithoutForce(string file, string command)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[file])!);
        File.WriteAllText(_folder[file], "mine");

        Complaint.IsOf(AtelierProcess.Run(Split(command)), _folder[file], "--force");

        Assert.Equal("mine", File.ReadAllText(_folder[file]));
    }

    [Theory]
    [InlineData("out.jpg", "FF-D8-FF")]
    [InlineData("out.webp", "52-49-46-46")]
    [InlineData("out.png", "89-50-4E-47")]
    public void Generate_WithForce_WritesWhatTheEndingSays(string file, string begins)
    {
        File.WriteAllText(_folder[file], "mine");

        AtelierProcess.Run("generate", "--network", finished.Export, "--out", _folder[file], "--seeds", "0-3", "--grid", "--force").Succeeded();

        Assert.StartsWith(begins, BitConverter.ToString(File.ReadAllBytes(_folder[file])), StringComparison.Ordinal);
    }

    private string[] Split(string command) =>
        [.. command.Split(' ').Select(word => word.Replace("{run}", finished.Path, StringComparison.Ordinal).Replace("{file}", finished.Export, StringComparison.Ordinal)
            .Replace("{data}", finished.Data, StringComparison.Ordinal).Replace("{out}", _folder["out"], StringComparison.Ordinal))];
}
