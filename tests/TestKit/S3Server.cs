using System.ComponentModel;
using System.Diagnostics;
using Atelier.Storage.Blobs;

namespace Atelier.TestKit;

/// <summary>
/// A local S3 server: npm's s3rver, installed once below `artifacts` and started when the first test asks for it. Tests that need
/// it are skipped where node is missing, or npm finds neither its cache nor its registry.
/// </summary>
public sealed class S3Server : IDisposable
{
    private const string Package = "s3rver";
    private const string Version = "3.7.1";

    private readonly TemporaryFolder _data = new();
    private readonly Lazy<(int Port, string? Trouble)> _start;
    private Process? _process;
    private int _buckets;

    public S3Server()
    {
        // What a user sets; the SDK reads them when a store is opened.
        Environment.SetEnvironmentVariable("AWS_ACCESS_KEY_ID", "S3RVER");
        Environment.SetEnvironmentVariable("AWS_SECRET_ACCESS_KEY", "S3RVER");
        Environment.SetEnvironmentVariable("AWS_MAX_ATTEMPTS", "2");
        _start = new(Start);
    }

    /// <summary>Why there is none here; null where there is one, which runs then.</summary>
    public string? WhyNot() => _start.Value.Trouble;

    /// <summary>The address of a new bucket.</summary>
    /// <param name="prefix">The prefix in it.</param>
    public S3Address MakeBucket(string prefix = "")
    {
        var (port, trouble) = _start.Value;
        if (trouble is not null) throw new InvalidOperationException(trouble);
        var address = Address($"bucket-{Interlocked.Increment(ref _buckets)}", prefix, port);
        Directory.CreateDirectory(_data[address.Bucket]);
        return address;
    }

    /// <summary>From now on connections about a bucket break at parts from this one on, and at everything else about uploads.</summary>
    /// <param name="address">Where the bucket is.</param>
    /// <param name="part">The part's number, from 1.</param>
    public Task CutAsync(S3Address address, int part) => ControlAsync($"cut/{address.Bucket}/{part}");

    /// <summary>Connections no longer break.</summary>
    /// <param name="address">Where the bucket is.</param>
    public Task HealAsync(S3Address address) => ControlAsync($"heal/{address.Bucket}");

    public void Dispose()
    {
        _process?.Kill();
        _process?.WaitForExit();
        _process?.Dispose();
        _data.Dispose();
    }

    private static S3Address Address(string bucket, string prefix, int port) => S3Address.Parse($"s3://{bucket}/{prefix}?endpoint=http://127.0.0.1:{port}");

    private async Task ControlAsync(string command)
    {
        using var http = new HttpClient();
        using var response = await http.PostAsync(new Uri($"http://127.0.0.1:{_start.Value.Port}/-/{command}"), null);
        response.EnsureSuccessStatusCode();
    }

    private (int Port, string? Trouble) Start()
    {
        var folder = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../npm", $"{Package}-{Version}"));
        if (!File.Exists(Path.Combine(folder, "installed")) && Install(folder) is { } trouble) return (0, trouble);
        // Its tokens for the next page are made with a cipher that OpenSSL 3 keeps apart.
        var start = new ProcessStartInfo(
            "node", ["--openssl-legacy-provider", Path.Combine(AppContext.BaseDirectory, "s3-server.js"), Path.Combine(folder, "node_modules"), _data.Path])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true,
        };
        try
        {
            _process = Process.Start(start)!;
        }
        catch (Win32Exception)
        {
            return (0, "node is not installed");
        }

        return int.TryParse(_process.StandardOutput.ReadLine(), out var port) ? (port, null) : throw new InvalidOperationException("The S3 server did not start.");
    }

    private static string? Install(string folder)
    {
        Directory.CreateDirectory(folder);
        try
        {
            using var npm = Process.Start(new ProcessStartInfo(
                "npm", ["install", "--prefix", folder, "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--fetch-retries=1", $"{Package}@{Version}"])
            {
                RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            var errors = npm.StandardError.ReadToEndAsync();
            npm.StandardOutput.ReadToEnd();
            npm.WaitForExit();
            if (npm.ExitCode != 0) return $"npm could not install {Package}: {errors.GetAwaiter().GetResult().Split('\n')[0]}";
        }
        catch (Win32Exception)
        {
            return "npm is not installed";
        }

        File.WriteAllText(Path.Combine(folder, "installed"), "");
        return null;
    }
}
