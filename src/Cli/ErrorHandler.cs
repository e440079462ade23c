using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Cli;

/// <summary>What the process returns; listed in the README because scripts rely on it.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Success = 0;

    /// <summary>Something failed that is not the user's mistake; the message says what.</summary>
    public const int Failure = 1;

    /// <summary>The user's mistake: an argument, a spec, a dataset, a file.</summary>
    public const int Usage = 2;

    /// <summary>Values outside their tolerance, or failed tests.</summary>
    public const int Mismatch = 3;

    /// <summary>Training stopped because gradients stayed non-finite for a whole tick.</summary>
    public const int NonFinite = 4;

    /// <summary>The run that was watched has failed; its reason is printed.</summary>
    public const int RunFailed = 5;

    /// <summary>The run that was watched was cancelled.</summary>
    public const int RunCancelled = 6;

    /// <summary>The run that was watched stands still, paused by a person or by its <c>patience</c>.</summary>
    public const int RunPaused = 7;

    /// <summary>The run that was watched was deleted.</summary>
    public const int RunGone = 8;

    /// <summary>Stopped by Ctrl-C or SIGTERM after a snapshot; the same command goes on.</summary>
    public const int Interrupted = 130;
}

/// <summary>Turns exceptions into one line on standard error and an exit code: no stack trace for a user's mistake.</summary>
internal static class ErrorHandler
{
    public static int Run(Func<int> command)
    {
        try
        {
            return command();
        }
        catch (UserErrorException e)
        {
            return Report(e.Message, ExitCode.Usage);
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Interrupted;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A full disk, a folder without write access: the message names the path; the exception's type would add nothing.
            return Report(e.Message, ExitCode.Failure);
        }
        catch (DllNotFoundException e)
        {
            return Report($"cannot load a native library ({e.Message.Split('\n')[0]}); build or publish Atelier again", ExitCode.Failure);
        }
#pragma warning disable CA1031 // the last resort: unforeseen exceptions are reported in the same way
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (Environment.GetEnvironmentVariable("ATELIER_DEBUG") == "1")
                Console.Error.WriteLine(e);
            return Report($"{e.GetType().Name}: {e.Message}; ATELIER_DEBUG=1 shows the details", ExitCode.Failure);
        }
    }

    private static int Report(string message, int code)
    {
        // Always one line: scripts and logs split at line ends.
        string line = string.Join(' ', message.Split(['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        Console.Error.WriteLine($"atelier: {line}");
        return code;
    }
}

/// <summary>
/// Turns parse errors into the one line that every user's mistake gets; the parser itself would print a page of help, and
/// names of .NET types.
/// </summary>
internal static class UsageError
{
    /// <exception cref="UserErrorException">The command line is invalid.</exception>
    public static void ThrowIfAny(ParseResult parsed)
    {
        // With --help the action is that of help, whatever else is missing.
        if (parsed.Action is ParseErrorAction)
            throw new UserErrorException($"{Describe(parsed)} See `{NameOf(parsed.CommandResult)} --help`.");
    }

    private static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // A mistyped name causes other errors too: report the name.
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            if (command.Name is "train" or "demo" && Commands.PublishedOptions.Answer(unknown) is { } answer)
                return $"`{NameOf(parsed.CommandResult)}` has no option `{unknown}`; {answer}.";
            var names = command.Subcommands.Select(sub => sub.Name).Concat(command.Options.Select(option => option.Name));
            return $"`{NameOf(parsed.CommandResult)}` has no {(command.Subcommands.Count > 0 ? "command" : "option")} `{unknown}`.{NearestName.Hint(unknown, names)}";
        }
        if (parsed.Errors.FirstOrDefault(error => OptionOf(error) is { Tokens.Count: > 0 }) is { } badValue)
            return DescribeValue(OptionOf(badValue)!, badValue.Message);
        if (command.Subcommands.Count > 0)
            return $"which of {string.Join(", ", command.Subcommands.Select(sub => sub.Name))}?";
        var missing = command.Arguments.Where(argument => argument.Arity.MinimumNumberOfValues > 0 && parsed.GetResult(argument) is not { Tokens.Count: > 0 }).Select(argument => argument.Name)
            .Concat(command.Options.Where(option => option.Required && parsed.GetResult(option) is not { Tokens.Count: > 0 }).Select(option => option.Name))
            .ToList();
        if (missing.Count > 0)
            return $"`{NameOf(parsed.CommandResult)}` needs {string.Join(" and ", missing)}.";
        return parsed.Errors is [var first, ..] ? first.Message : "the command line is not valid.";
    }

    private static string DescribeValue(OptionResult result, string message)
    {
        var option = result.Option;
        var given = result.Tokens.Select(token => token.Value).ToList();
        if (given.Count > 1 && option.Arity.MaximumNumberOfValues == 1)
            return $"{option.Name} was given {given.Count} times ({string.Join(", ", given)}); it takes one value.";
        var choices = option.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label).ToList();
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        string? accepts = choices.Count > 0 ? $"one of {string.Join(", ", choices)}"
            : type == typeof(double) ? "a number"
            : type == typeof(int) ? "a whole number"
            : type == typeof(ulong) ? "a whole number, 0 or more"
            : null;
        return accepts is null ? $"{option.Name}: {message}" : $"{option.Name} cannot be `{string.Join(' ', given)}`; use {accepts}.";
    }

    private static OptionResult? OptionOf(ParseError error) => error.SymbolResult switch
    {
        OptionResult option => option,
        ArgumentResult { Parent: OptionResult option } => option,
        _ => null,
    };

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : command.Command.Name;
}
