using Atelier.Cli.Tests;
using Atelier.TestKit;

[assembly: AssemblyFixture(typeof(FinishedRun))]

namespace Atelier.Cli.Tests;

/// <summary>A run that was left alone to its end: what interrupted ones are compared with, and what reading commands read.</summary>
public sealed class FinishedRun : IDisposable
{
    public const int Images = 96;

    private readonly TemporaryFolder _folder = new();

    public FinishedRun()
    {
        TestImages.WriteFolder(Data, 20, TinyRun.Side);
        Result = AtelierProcess.Run(TinyRun.Train(Data, Path, Images)).Succeeded();
        Export = _folder["G_ema.safetensors"];
        AtelierProcess.Run("export", Path, "--out", Export).Succeeded();
        ExportOfAll = _folder["all.safetensors"];
        AtelierProcess.Run("export", Path, "--all", "--out", ExportOfAll).Succeeded();
    }

    /// <summary>A folder of images.</summary>
    public string Data => _folder["data"];

    /// <summary>The run's folder; not to be written.</summary>
    public string Path => _folder["run"];

    /// <summary>The averaged generator.</summary>
    public string Export { get; }

    /// <summary>All three networks.</summary>
    public string ExportOfAll { get; }

    /// <summary>What the run printed.</summary>
    public AtelierResult Result { get; }

    /// <summary>The hash of its last state.</summary>
    public string StateSha256 => Result.StateSha256;

    /// <summary>Hashes of a run's snapshots by kimg, as the command line lists them.</summary>
    public static IReadOnlyDictionary<double, string> Snapshots(string run) =>
        AtelierProcess.Run("snapshots", run, "--json").Succeeded().Json.Single().EnumerateArray()
            .ToDictionary(snapshot => snapshot.GetProperty("kimg").GetDouble(), snapshot => snapshot.GetProperty("state_sha256").GetString()!);

    /// <summary>Copies the run, for a test that changes it.</summary>
    public void CopyTo(string folder)
    {
        foreach (var file in Directory.GetFiles(Path, "*", SearchOption.AllDirectories))
        {
            var copy = System.IO.Path.Combine(folder, System.IO.Path.GetRelativePath(Path, file));
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }

    public void Dispose() => _folder.Dispose();
}
