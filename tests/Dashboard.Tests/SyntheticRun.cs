using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Atelier.Core;
using Atelier.Core.Runs;
using Atelier.Core.Specs;

namespace Atelier.Dashboard.Tests;

/// <summary>A run's folder as trainers leave it, of any length.</summary>
internal static class SyntheticRun
{
    public static readonly DateTimeOffset Start = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);

    private static readonly string[] Scalars =
    [
        "Loss/G/loss", "Loss/D/loss", "Loss/scores/fake", "Loss/signs/fake", "Loss/scores/real", "Loss/signs/real", "Loss/pl_penalty", "Loss/pl_length", "Loss/r1_penalty",
        "Gradients/norm/Gmain", "Gradients/norm/Greg", "Gradients/norm/Dmain", "Gradients/norm/Dreg", "Progress/tick", "Timing/total_sec", "Timing/sec_per_tick", "Timing/sec_per_kimg",
        "Timing/maintenance_sec", "Timing/data_wait_sec", "Resources/cpu_mem_gb", "Progress/augment", "Gradients/non_finite",
    ];

    /// <summary>Writes one.</summary>
    /// <param name="folder">Where; made here.</param>
    /// <param name="ticks">Ticks of four kimg.</param>
    /// <param name="change">Changes the spec.</param>
    public static void Write(string folder, int ticks, Func<RunSpec, RunSpec>? change = null)
    {
        Directory.CreateDirectory(folder);
        var spec = new RunSpec { Resolution = new Resolution(64, 64), DataImages = 1000, Metrics = new("fid50k_full") };
        spec = change?.Invoke(spec) ?? spec;
        var record = new JsonObject
        {
            ["format"] = 1, ["atelier"] = "0.1.0", ["created"] = Start.ToString("O"), ["data"] = "/data/<b>faces</b>.zip", ["init"] = null, ["branch"] = 0, ["rollbacks"] = 0, ["spec"] = JsonNode.Parse(RunSpecJson.Write(spec)),
        };
        File.WriteAllText(Path.Combine(folder, "run.json"), record.ToJsonString());
        File.WriteAllLines(Path.Combine(folder, "stats.jsonl"), Enumerable.Range(0, ticks).Select(Tick));
        var end = Start.AddMinutes(ticks);
        RunEvent[] events =
        [
            new RunStarted(Start, 0, "demo", 0, 2, new() { Libtorch = "2.10.0", Device = "cpu" }),
            new FleetNoted(Start.AddMinutes(1), 0, 1, "generation 1 starts at iteration 0 on 2 workers") { Members = ["w0", "w1"] },
            new DatasetNoted(Start.AddMinutes(2), 0, "3 files are <script>alert(1)</script> left out"),
            new FleetNoted(Start.AddMinutes(3), 8, 2, "generation 2 starts at iteration 200 on 1 worker") { Members = ["w0"] },
            new SnapshotWritten(end, ticks * 4, $"{ticks * 4:000000}", new string('a', 64), 1 << 20, 0.5),
            new RunStopped(end, ticks * 4, "a signal", $"{ticks * 4:000000}"),
        ];
        File.WriteAllLines(Path.Combine(folder, "events.jsonl"), events.Select(happened => happened.ToJson()));
        string Metric(int kimg) => $$$"""{"results":{"fid50k_full":{{{100.0 / (1 + kimg)}}}},"metric":"fid50k_full","kimg":{{{kimg}}},"snapshot_pkl":"snapshots/{{{kimg:000000}}}"}""";
        File.WriteAllLines(Path.Combine(folder, "metric-fid50k_full.jsonl"), [Metric(0), Metric(4), Metric(8)]);
        File.WriteAllBytes(Path.Combine(folder, "fakes_init.png"), Picture(40));
        File.WriteAllBytes(Path.Combine(folder, "fakes000004.png"), Picture(120));
        File.WriteAllBytes(Path.Combine(folder, "fakes000008.512.png"), Picture(200));
    }

    /// <summary>Adds what <c>analyze</c> would have written.</summary>
    public static void AddAnalysis(string folder, string name)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, "analysis", name, "pictures")).Parent!.FullName;
        File.WriteAllBytes(Path.Combine(place, "magnitudes.png"), Picture(60));
        File.WriteAllBytes(Path.Combine(place, "pictures", "seed 1.png"), Picture(90));
        File.WriteAllText(Path.Combine(place, "droplets.jsonl"), "{}\n");
    }

    /// <summary>A line of <c>stats.jsonl</c>.</summary>
    public static string Tick(int tick)
    {
        var line = new JsonObject();
        for (var scalar = 0; scalar < Scalars.Length; scalar++)
            line[Scalars[scalar]] = new JsonObject { ["num"] = 1, ["mean"] = 1.5 + Math.Sin(tick * 0.01 + scalar) + (tick * 7919 % 101 - 50) * 0.004 };
        line["Progress/kimg"] = new JsonObject { ["num"] = 1, ["mean"] = (tick + 1) * 4 };
        line["timestamp"] = Start.AddMinutes(tick).ToUnixTimeSeconds();
        return line.ToJsonString();
    }

    /// <summary>A grey square as PNG.</summary>
    private static byte[] Picture(byte grey)
    {
        const int Side = 64;
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.Fastest, leaveOpen: true))
        {
            for (var row = 0; row < Side; row++) zlib.Write([0, .. Enumerable.Repeat(grey, Side)]);
        }

        byte[] header = [0, 0, 0, Side, 0, 0, 0, Side, 8, 0, 0, 0, 0];
        return [0x89, .. "PNG\r\n"u8, 0x1A, 0x0A, .. Chunk("IHDR", header), .. Chunk("IDAT", packed.ToArray()), .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string name, byte[] content)
    {
        byte[] body = [.. Encoding.ASCII.GetBytes(name), .. content];
        var (length, check) = (new byte[4], new byte[4]);
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(check, Crc32(body));
        return [.. length, .. body, .. check];
    }

    private static uint Crc32(byte[] bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xEDB88320 : crc >> 1;
        }

        return ~crc;
    }
}
