using System.Globalization;
using Atelier.Storage.Safetensors;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Reference values, recomputed by the command that scripts call.</summary>
public sealed class OracleTests(FinishedRun finished) : IDisposable
{
    private static readonly string Reference = Path.Combine(AppContext.BaseDirectory, "Oracles", "network.orig-orig-8.safetensors");

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Oracle_ReferenceFile_ALinePerCaseThenTheWorst()
    {
        var result = AtelierProcess.Run("oracle", Reference).Succeeded();

        var cases = result.Output.SkipLast(1).Select(line => line.Split(' ')).ToDictionary(fields => fields[0], fields => Number(fields[1]));
        var worst = result.Output[^1].Split(' ');
        Assert.NotEmpty(cases);
        Assert.Equal(["worst", worst[1], cases.MaxBy(pair => pair.Value).Key], worst);
        Assert.Equal(cases.Values.Max(), Number(worst[1]));
        Assert.True(Number(worst[1]) <= 1e-9);
    }

    [Fact]
    public void Oracle_Float32_IsWithinItsTolerance()
    {
        var result = AtelierProcess.Run("oracle", Reference, "--dtype", "float32").Succeeded();

        Assert.InRange(Number(result.Output[^1].Split(' ')[1]), 1e-12, 1e-4);
    }

    [Fact]
    public void Oracle_AlteredValue_ExitsWith3AndNamesIt()
    {
        var altered = _folder["altered.safetensors"];
        File.Copy(Reference, altered);
        using (var file = SafetensorsReader.Open(altered))
        using (var stream = new FileStream(altered, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Position = file["logits_real"].Offset;
            stream.Write(BitConverter.GetBytes(123.0));
        }

        var result = AtelierProcess.Run("oracle", altered);

        Assert.Equal(3, result.ExitCode);
        string failed = Assert.Single(result.Output, line => line.Contains("FAILED", StringComparison.Ordinal));
        Assert.Contains("logits_real", failed, StringComparison.Ordinal);
        Assert.Equal(failed.Split(' ')[0], result.Output[^1].Split(' ')[2]);
    }

    [Fact]
    public void Oracle_SeveralFiles_OneWorstLine()
    {
        var result = AtelierProcess.Run("oracle", Reference, Reference).Succeeded();

        Assert.Single(result.Output, line => line.StartsWith("worst ", StringComparison.Ordinal));
        Assert.Equal(2, result.Output.Count(line => line.StartsWith("# ", StringComparison.Ordinal)));
    }

    [Fact]
    public void Oracle_NotSafetensors_IsNamed()
    {
        File.WriteAllText(_folder["notes.txt"], "these are no tensors");

        Complaint.IsOf(AtelierProcess.Run("oracle", _folder["notes.txt"]), "notes.txt", "safetensors");
    }

    [Fact]
    public void Oracle_NoReferenceValues_IsNamed() => Complaint.IsOf(AtelierProcess.Run("oracle", finished.Export), finished.Export);

    [Fact]
    public void Oracle_MissingFile_IsNamed() => Complaint.IsOf(AtelierProcess.Run("oracle", _folder["nowhere"]), _folder["nowhere"]);

    public void Dispose() => _folder.Dispose();

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
