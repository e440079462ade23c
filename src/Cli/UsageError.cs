using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using Atelier.Core;
using Atelier.Core.Specs;

namespace Atelier.Cli;

/// <summary>
/// Turns what the parser objects to into the one line that every user's mistake gets; the parser itself would print a
/// page of help, and names of .NET types.
/// </summary>
internal static class UsageError
{
    /// <exception cref="UserErrorException">The command line cannot be carried out.</exception>
    public static void ThrowIfAny(ParseResult parsed)
    {
        // Asking for help is fine whatever else is missing: its action takes the place of the errors'.
        if (parsed.Action is ParseErrorAction)
            throw new UserErrorException($"{Describe(parsed)} `{NameOf(parsed.CommandResult)} --help` shows what there is.");
    }

    private static string Describe(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        // A mistyped name makes other errors too; it is the one to tell.
        if (parsed.UnmatchedTokens is [var unknown, ..])
        {
            var names = command.Subcommands.Select(sub => sub.Name).Concat(command.Options.Select(option => option.Name));
            return $"`{unknown}` is no {(command.Subcommands.Count > 0 ? "command" : "option")} of `{NameOf(parsed.CommandResult)}`.{NearestName.Hint(unknown, names)}";
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
        return parsed.Errors is [var first, ..] ? first.Message : "This cannot be carried out.";
    }

    private static string DescribeValue(OptionResult result, string message)
    {
        var option = result.Option;
        var given = result.Tokens.Select(token => token.Value).ToList();
        if (given.Count > 1 && option.Arity.MaximumNumberOfValues == 1)
            return $"{option.Name} stands there {given.Count} times ({string.Join(", ", given)}); it takes one value.";
        var choices = option.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label).ToList();
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        string? accepts = choices.Count > 0 ? $"one of {string.Join(", ", choices)}"
            : type == typeof(double) ? "a number"
            : type == typeof(int) ? "a whole number"
            : type == typeof(ulong) ? "a whole number from 0 up"
            : null;
        return accepts is null ? $"{option.Name}: {message}" : $"{option.Name} cannot be `{string.Join(' ', given)}`; it takes {accepts}.";
    }

    private static OptionResult? OptionOf(ParseError error) => error.SymbolResult switch
    {
        OptionResult option => option,
        ArgumentResult { Parent: OptionResult option } => option,
        _ => null,
    };

    private static string NameOf(CommandResult command) =>
        command.Parent is CommandResult parent ? $"{NameOf(parent)} {command.Command.Name}" : "atelier";
}
