using System.Diagnostics;
using System.IO.Compression;
using System.Runtime.InteropServices;
using Atelier.Storage.Safetensors;
using Atelier.TestKit;
using Atelier.Training.Tests.Exports;

namespace Atelier.Cli.Tests.Readme;

/// <summary>The folder in which README's blocks are run one after the other, with the images and files that they name.</summary>
public sealed class ReadmeFolder : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly TemporaryFolder _folder = new();

    public ReadmeFolder()
    {
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Readme", "launcher.sh"), _folder["atelier"]);
        TestImages.WriteFolder(_folder["photos"], 12, 64);
        TestImages.WriteFolder(_folder["faces"], 12, 8);
        TestImages.WriteFolder(_folder["data/faces.zip"], 12, 64); // a folder does as well
        File.Copy(_folder["photos/0003.png"], _folder["photo.png"]);
        Directory.CreateDirectory(_folder["lsun/cat_lmdb"]);
        using (var packed = new GZipStream(File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Readme", "lsun_lmdb.mdb.gz")), CompressionMode.Decompress))
        using (var file = File.Create(_folder["lsun/cat_lmdb/data.mdb"]))
            packed.CopyTo(file);
        File.WriteAllText(_folder["faces.json"], $$"""
            {"run": "small", "data": "{{_folder["faces"]}}", "out": "{{_folder["runs/small"]}}", "recipe": "config-f", "kimg": 0.016, "channel-base": 128, "channel-max": 8,
             "z-dim": 16, "w-dim": 16, "mapping-layers": 2, "batch": 8, "shard": 4, "mbstd-group": 4, "tick-kimg": 0.008, "metrics": "none"}
            """);
    }

    /// <summary>The path of something in it.</summary>
    public string this[string name] => _folder[name];

    /// <summary>A published network's file, as <c>legacy.py</c> writes it: the weights are those of an export.</summary>
    public void WritePublished(string name, string export)
    {
        using var file = SafetensorsReader.Open(export);
        File.WriteAllBytes(_folder[name], PublishedPickle.Of(file.Entries.Select(entry => (entry.Name, entry.Shape.ToArray(), MemoryMarshal.Cast<byte, float>(file.ReadBytes(entry)).ToArray()))));
    }

    /// <summary>Runs lines of a shell, and ends what they have started.</summary>
    public AtelierResult Run(string lines)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", lines]) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["ATELIER_DLL"] = Path.Combine(AppContext.BaseDirectory, "atelier.dll");
        start.Environment["XDG_CACHE_HOME"] = _folder["cache"];
        foreach (string whose in new[] { "COORDINATOR", "WORKER", "MONITORING", "WORKERS_MONITORING" })
            start.Environment[$"PORT_OF_{whose}"] = $"{FreePorts.Take()}";
        File.Delete(_folder["worker.log"]);
        using var shell = Process.Start(start)!;
        try
        {
            var (output, errors) = (shell.StandardOutput.ReadToEndAsync(), shell.StandardError.ReadToEndAsync());
            Assert.True(shell.WaitForExit(Patience), $"it did not end:\n{lines}");
            return new AtelierResult(shell.ExitCode, output.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries), errors.GetAwaiter().GetResult().Split('\n', StringSplitOptions.RemoveEmptyEntries));
        }
        finally
        {
            shell.Kill(entireProcessTree: true);
            EndProcesses();
        }
    }

    public void Dispose()
    {
        EndProcesses();
        _folder.Dispose();
    }

    /// <summary>Coordinators and workers, which the launcher has noted.</summary>
    private void EndProcesses()
    {
        if (!File.Exists(_folder["processes"]))
            return;
        foreach (string id in File.ReadLines(_folder["processes"]))
        {
            using var kill = Process.Start("sh", ["-c", $"kill -KILL {id} 2>/dev/null; tail --pid={id} -f /dev/null"]);
            kill.WaitForExit();
        }
        File.Delete(_folder["processes"]);
    }
}
