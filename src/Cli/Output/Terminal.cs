using System.Text;

namespace Atelier.Cli.Output;

/// <summary>What the terminal can show.</summary>
internal static class Terminal
{
    private const int UsualWidth = 80;

    /// <summary>Whether a line can be drawn over: on a terminal that is not a dumb one.</summary>
    /// <param name="isRedirected">Whether the stream is a file or a pipe.</param>
    public static bool CanRedraw(bool isRedirected) => !isRedirected && Environment.GetEnvironmentVariable("TERM") is { Length: > 0 } and not "dumb";

    /// <summary>Columns that a line may take without wrapping. A terminal that does not know its width (0) counts as one of 80.</summary>
    public static int LineWidth => Math.Max(1, (TryWidth() is > 0 and var width ? width : UsualWidth) - 1);

    /// <summary>
    /// Whether the locale has Unicode: LC_ALL, LC_CTYPE or LANG names UTF-8, or none of them says anything. In the C locale it has not.
    /// </summary>
    /// <param name="variable">Reads a variable of the environment.</param>
    public static bool HasUnicode(Func<string, string?> variable) =>
        new[] { "LC_ALL", "LC_CTYPE", "LANG" }.Select(variable).FirstOrDefault(value => !string.IsNullOrEmpty(value)) is not { } locale
        || locale.Contains("UTF-8", StringComparison.OrdinalIgnoreCase) || locale.Contains("UTF8", StringComparison.OrdinalIgnoreCase);

    /// <summary>Where the locale has no Unicode, what is printed from here on is in ASCII.</summary>
    public static void Prepare()
    {
        if (HasUnicode(Environment.GetEnvironmentVariable))
            return;
        Console.SetOut(new AsciiWriter(Console.Out));
        Console.SetError(new AsciiWriter(Console.Error));
    }

    private static int TryWidth()
    {
        try
        {
            return Console.WindowWidth;
        }
        catch (Exception e) when (e is IOException or PlatformNotSupportedException)
        {
            return 0;
        }
    }

    /// <summary>Writes the symbols that our texts have in ASCII; names of files stay as they are.</summary>
    private sealed class AsciiWriter(TextWriter inner) : TextWriter
    {
        private static readonly Dictionary<char, string> Symbols = new()
        {
            ['ψ'] = "psi", ['γ'] = "gamma", ['β'] = "beta", ['ε'] = "epsilon", ['ρ'] = "rho", ['×'] = "x", ['·'] = "*", ['…'] = "...", ['–'] = "-", ['—'] = "-",
            ['≤'] = "<=", ['≥'] = ">=", ['→'] = "->", ['’'] = "'", ['²'] = "^2", ['§'] = "section ", ['±'] = "+-", ['µ'] = "u", ['é'] = "e",
        };

        public override Encoding Encoding => inner.Encoding;

        public override void Write(char value)
        {
            if (Symbols.TryGetValue(value, out string? symbol))
                inner.Write(symbol);
            else
                inner.Write(value);
        }

        public override void Write(string? value) => inner.Write(value is null || value.All(char.IsAscii) ? value : string.Concat(value.Select(c => Symbols.GetValueOrDefault(c) ?? c.ToString())));

        public override void WriteLine(string? value)
        {
            Write(value);
            inner.WriteLine();
        }

        public override void Write(char[] buffer, int index, int count) => Write(new string(buffer, index, count));

        public override void Flush() => inner.Flush();
    }
}

/// <summary>One line on standard output that is drawn over, below the lines that stay. Safe from any thread.</summary>
internal sealed class LiveLine
{
    private static readonly TimeSpan Refresh = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private long _shownAt;
    private bool _isShown;

    /// <summary>Whether there is such a line; where there is none only lines that stay are printed.</summary>
    public bool IsLive { get; } = Terminal.CanRedraw(Console.IsOutputRedirected);

    /// <summary>Draws the line anew, unless that has just been done.</summary>
    /// <param name="line">The text for so many columns.</param>
    public void Show(Func<int, string> line)
    {
        if (!IsLive || (_shownAt != 0 && TimeProvider.System.GetElapsedTime(_shownAt) < Refresh))
            return;
        lock (_gate)
        {
            _shownAt = TimeProvider.System.GetTimestamp();
            // Carriage return, text, and "erase to the end of the line".
            Console.Write($"\r{line(Terminal.LineWidth)}\u001b[K");
            _isShown = true;
        }
    }

    /// <summary>Prints a line that stays.</summary>
    public void Print(string line)
    {
        lock (_gate)
        {
            if (_isShown)
                Console.Write("\r\u001b[K");
            _isShown = false;
            Console.WriteLine(line);
        }
    }

    /// <summary>Takes the line away.</summary>
    public void Clear()
    {
        lock (_gate)
        {
            if (_isShown)
                Console.Write("\r\u001b[K");
            _isShown = false;
        }
    }
}
