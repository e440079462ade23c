using System.Diagnostics;
using Atelier.TestKit;

namespace Atelier.Cli.Tests.Commands;

/// <summary>Atelier as a .NET tool: packed, installed, and used where there is no checkout.</summary>
public sealed class ToolPackageTests : IDisposable
{
    private static readonly bool Soak = Environment.GetEnvironmentVariable("ATELIER_SOAK") == "1";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(20);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Tool_InstalledFromItsPackage_TrainsWithoutACheckout()
    {
        Assert.SkipUnless(Soak, "it builds everything and packs libtorch, which takes minutes; ATELIER_SOAK=1 runs it");
        Directory.CreateDirectory(_folder["home"]);
        Directory.CreateDirectory(_folder["empty"]);
        TestImages.WriteStored(_folder["data"], 20, TinyRun.Side);

        await SucceedAsync(Repository.Root, "dotnet", "pack", "src/Cli", "-c", "Release", "-r", "linux-x64", "--artifacts-path", _folder["artifacts"], "-o", _folder["packages"],
            "-nodeReuse:false", "-p:UseSharedCompilation=false", "-p:UseRazorBuildServer=false", "-p:RunAnalyzers=false");
        await SucceedAsync(_folder["empty"], "dotnet", "tool", "install", "--tool-path", _folder["tool"], "--source", _folder["packages"], "atelier");
        string tool = _folder["tool/atelier"];

        Assert.Matches(@"^\d+\.\d+\.\d+", await SucceedAsync(_folder["empty"], tool, "--version"));
        Assert.Contains("libtorch", await SucceedAsync(_folder["empty"], tool, "doctor"), StringComparison.Ordinal);
        await SucceedAsync(_folder["empty"], tool, TinyRun.Train(_folder["data"], "run", 16));
        Assert.NotEmpty(Directory.GetDirectories(_folder["empty/run/snapshots"]));
        var (code, printed) = await RunAsync(_folder["empty"], tool, "test");
        Assert.Equal(2, code);
        Assert.Contains("checkout", printed, StringComparison.Ordinal);
    }

    private async Task<string> SucceedAsync(string folder, string program, params string[] arguments)
    {
        var clock = Stopwatch.StartNew();
        var (code, printed) = await RunAsync(folder, program, arguments);
        Assert.True(code == 0, $"{program} {string.Join(' ', arguments)} ended with {code}:\n{printed}");
        TestContext.Current.SendDiagnosticMessage($"{Path.GetFileName(program)} {arguments[0]}: {clock.Elapsed.TotalSeconds:0} s");
        return printed;
    }

    /// <summary>Runs a program to its end.</summary>
    /// <returns>Its exit code, and all that it printed.</returns>
    private async Task<(int Code, string Printed)> RunAsync(string folder, string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("ATELIER_ROOT");
        // Packages that were restored stay where they are; all else of the user is elsewhere.
        if (program != "dotnet")
            start.Environment["HOME"] = _folder["home"];
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        using var late = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        late.CancelAfter(Patience);
        try
        {
            var errors = process.StandardError.ReadToEndAsync(late.Token);
            string output = await process.StandardOutput.ReadToEndAsync(late.Token);
            await process.WaitForExitAsync(late.Token);
            return (process.ExitCode, output + await errors);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
