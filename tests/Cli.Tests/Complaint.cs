using Atelier.TestKit;

namespace Atelier.Cli.Tests;

/// <summary>What a user's mistake must come to: exit code 2, and one line that names the thing and says what to change.</summary>
internal static class Complaint
{
    /// <param name="result">How the command ended.</param>
    /// <param name="parts">What the line must contain.</param>
    public static void IsOf(AtelierResult result, params string[] parts)
    {
        Assert.True(result.ExitCode == 2, $"exit code {result.ExitCode}\n{result.Text}\n{result.ErrorText}");
        string line = Assert.Single(result.Errors);
        Assert.StartsWith("atelier: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", line, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", line, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Text + result.ErrorText, StringComparison.Ordinal);
        Assert.All(parts, part => Assert.Contains(part, line, StringComparison.Ordinal));
    }
}
