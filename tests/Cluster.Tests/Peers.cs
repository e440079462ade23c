using System.Diagnostics;

namespace Atelier.Cluster.Tests;

/// <summary>Python processes that speak gRPC by grpcio.</summary>
internal static class Peers
{
    private const string Python = "/usr/bin/python3"; // Debian's, which has Debian's modules

    private static readonly Lazy<bool> HasGrpc = new(() =>
    {
        if (!File.Exists(Python)) return false;
        using var process = Start("-c", "import grpc, google.protobuf");
        process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    });

    /// <summary>Skips the test where grpcio is absent.</summary>
    public static void SkipWithoutGrpc() =>
        Assert.SkipUnless(HasGrpc.Value, $"{Python} has no grpcio: install the Debian packages python3-grpcio and python3-protobuf");

    /// <summary>Whether there is a peer to start.</summary>
    public static bool AreThere => HasGrpc.Value;

    /// <summary>Starts a script of the folder <c>peers</c>.</summary>
    public static Process Run(string script, params string[] arguments) =>
        Start([Path.Combine(AppContext.BaseDirectory, "peers", script), .. arguments]);

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo(Python, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["PYTHONDONTWRITEBYTECODE"] = "1";
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine(); // grpcio chats there; a full pipe would stop it
        return process;
    }
}
