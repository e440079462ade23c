using System.ComponentModel;
using System.Diagnostics;
using Amazon.S3;
using Atelier.Storage.Blobs;
using Atelier.Storage.Tests.Blobs;

[assembly: AssemblyFixture(typeof(S3Server))]

namespace Atelier.Storage.Tests.Blobs;

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

    /// <summary>The address of a new bucket; skips the test where there is no server.</summary>
    /// <param name="prefix">The prefix in it.</param>
    internal S3Address NewBucket(string prefix = "")
    {
        var (port, trouble) = _start.Value;
        Assert.SkipWhen(trouble is not null, trouble ?? "");
        var address = Address($"bucket-{Interlocked.Increment(ref _buckets)}", prefix, port);
        Directory.CreateDirectory(_data.File(address.Bucket));
        return address;
    }

    /// <summary>The address of a bucket that is not there.</summary>
    internal S3Address NoBucket() => NewBucket() with { Bucket = "no-such-bucket" };

    /// <summary>A client beside the store, for looking behind it.</summary>
    internal static AmazonS3Client Client(S3Address address) => new(new AmazonS3Config
    {
        ServiceURL = address.Endpoint!.ToString(), ForcePathStyle = true, AuthenticationRegion = "us-east-1", RequestChecksumCalculation = Amazon.Runtime.RequestChecksumCalculation.WHEN_REQUIRED,
    });

    /// <summary>From now on connections about a bucket break at parts from this one on, and at everything else about uploads.</summary>
    /// <param name="address">Where the bucket is.</param>
    /// <param name="part">The part's number, from 1.</param>
    internal Task CutAsync(S3Address address, int part) => ControlAsync($"cut/{address.Bucket}/{part}");

    /// <summary>Connections no longer break.</summary>
    /// <param name="address">Where the bucket is.</param>
    internal Task HealAsync(S3Address address) => ControlAsync($"heal/{address.Bucket}");

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
            "node", ["--openssl-legacy-provider", Path.Combine(AppContext.BaseDirectory, "Blobs", "s3-server.js"), Path.Combine(folder, "node_modules"), _data.Path])
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
