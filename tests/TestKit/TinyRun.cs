using System.Globalization;

namespace Atelier.TestKit;

/// <summary>Command lines of runs that take a second: the small run's keys, on 8×8 pictures.</summary>
public static class TinyRun
{
    /// <summary>Side of its pictures.</summary>
    public const int Side = 8;

    /// <summary>Images in an iteration.</summary>
    public const int Batch = 8;

    /// <summary><c>train</c> on some data.</summary>
    public static string[] Train(string data, string output, int images, params string[] more) =>
        ["train", "--data", data, "--out", output, .. Spec(images, more), "--json", .. more];

    /// <summary>The options of <c>train</c> that make a run small, without those that are given otherwise.</summary>
    public static string[] Spec(int images, params string[] more) =>
    [
        .. Unless(more, "--recipe", "config-f"),
        .. Unless(more, "--kimg", (images / 1000.0).ToString(CultureInfo.InvariantCulture)),
        .. Set([.. SmallRun.Keys, "tick-kimg=0.008", "snapshot-kimg=0.016"]),
    ];

    /// <summary>Keys as options.</summary>
    public static string[] Set(params IEnumerable<string> keys) => [.. keys.SelectMany(key => new[] { "--set", key })];

    private static string[] Unless(string[] given, string option, string value) => given.Contains(option) ? [] : [option, value];

    /// <summary>Whether a line of JSON output is a tick.</summary>
    public static bool IsTick(string line) => line.StartsWith("{\"tick\"", StringComparison.Ordinal);
}
