using System.Text;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>TorchSharp's native library on systems old and new, and what is said where it or libtorch cannot be loaded.</summary>
public sealed class TorchLibraryTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    /// <summary>Whether this system's C++ library, which .NET itself has loaded, has the version that TorchSharp's library asks for.</summary>
    private static bool IsSystemNew
    {
        get
        {
            var library = File.ReadLines("/proc/self/maps").First(line => line.Contains("libstdc++.so", StringComparison.Ordinal)).Split(' ')[^1];
            return File.ReadAllBytes(library).AsSpan().IndexOf(Encoding.ASCII.GetBytes("GLIBCXX_3.4.32\0")) >= 0;
        }
    }

    [Fact]
    public void Doctor_SaysWhetherTheLibraryWasAdapted()
    {
        var row = AtelierProcess.Run("doctor").Succeeded().Output.Single(line => line.StartsWith("TorchSharp", StringComparison.Ordinal));

        Assert.Contains(IsSystemNew ? "loads unchanged" : "adapted copy", row, StringComparison.Ordinal);
    }

    [Fact]
    public void Doctor_CacheThatCannotBeWritten_MattersOnlyToOldSystemsAndIsSaid()
    {
        File.WriteAllText(_folder["file"], "");

        using var process = AtelierProcess.Start(["doctor"], "env", $"XDG_CACHE_HOME={_folder["file"]}");
        var result = process.WaitForExit();

        if (IsSystemNew)
            result.Succeeded();
        else
            Complaint.IsOf(result, _folder["file"], "XDG_CACHE_HOME");
    }

    [Theory]
    [InlineData("libtorch.so")]
    [InlineData("libtorch_cpu.so")]
    [InlineData("libLibTorchSharp.so")]
    public void Doctor_LibraryMissing_IsNamed(string missing)
    {
        CopyProgramWithout(missing);

        using var process = AtelierProcess.Start(["doctor"], "sh", "-c", $"shift; shift; exec dotnet \"{_folder["atelier.dll"]}\" \"$@\"", "sh");

        Complaint.IsOf(process.WaitForExit(), "missing", "build");
    }

    /// <summary>Loading libtorch takes longer than all the rest of them.</summary>
    [Fact]
    public void CommandsThatComputeNothing_WithoutLibtorch_Work()
    {
        CopyProgramWithout("libtorch_cpu.so");
        string[][] commands = [["plan", "ffhq1024", "--device", "a100"], ["train", "--data", "emoji:faces:32", "--out", _folder["run"], "--recipe", "demo", "--dry-run"], ["dataset", "stats", "emoji:faces:32"]];

        Assert.All(commands, command =>
        {
            using var process = AtelierProcess.Start(command, "sh", "-c", $"shift; shift; exec dotnet \"{_folder["atelier.dll"]}\" \"$@\"", "sh");
            process.WaitForExit().Succeeded();
        });
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The program's files; links to its native libraries, as a build makes them.</summary>
    private void CopyProgramWithout(string missing)
    {
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory))
            File.Copy(file, _folder[Path.GetFileName(file)]);
        var native = Path.Combine("runtimes", "linux-x64", "native");
        Directory.CreateDirectory(_folder[native]);
        foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, native)).Where(file => Path.GetFileName(file) != missing))
            File.CreateSymbolicLink(Path.Combine(_folder[native], Path.GetFileName(file)), Path.GetFullPath(File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file));
    }
}
